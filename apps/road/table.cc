// Reading models.toml. An unknown key is an error: a typing mistake would otherwise be a default.
#include "table.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <ranges>
#include <set>
#include <stdexcept>

#include "post/kinds.h"

namespace road {

using minnow::Error;
using minnow::ErrorCode;
using minnow::Result;
using namespace minnow::vision;

namespace {

// Thrown and caught in this file.
struct TableError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A TOML table that knows its place in the file, and which of its keys were asked for.
class Section {
 public:
  Section(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  template <class T>
  T get(const char* key, T fallback) {
    const toml::node* node = find(key);
    if (!node) return fallback;
    if (const auto value = node->value<T>()) return *value;
    throw TableError(fmt::format("{}: `{}` has the wrong type", where_, key));
  }

  template <class T>
  std::vector<T> list(const char* key) {
    const toml::node* node = find(key);
    if (!node) return {};
    std::vector<T> values;
    if (const toml::array* array = node->as_array()) {
      for (const toml::node& element : *array) values.push_back(valueOf<T>(element, key));
    } else {
      values.push_back(valueOf<T>(*node, key));
    }
    return values;
  }

  std::array<float, 3> three(const char* key, float fallback) {
    std::vector<double> values = list<double>(key);
    if (values.empty()) values = {fallback};
    if (values.size() == 1) values.resize(3, values[0]);
    if (values.size() != 3) throw TableError(fmt::format("{}: `{}` wants 1 or 3", where_, key));
    return {static_cast<float>(values[0]), static_cast<float>(values[1]),
            static_cast<float>(values[2])};
  }

  /// The value of a word out of a list of (word, value).
  template <class T>
  T choice(const char* key, std::initializer_list<std::pair<const char*, T>> choices) {
    const std::string word = get<std::string>(key, choices.begin()->first);
    std::string known;
    for (const auto& [name, value] : choices) {
      if (word == name) return value;
      known += fmt::format(" {}", name);
    }
    throw TableError(fmt::format("{}: `{}` is `{}`; known:{}", where_, key, word, known));
  }

  Section section(const char* key) {
    const toml::node* node = find(key);
    static const toml::table kNone;
    if (node && !node->is_table())
      throw TableError(fmt::format("{}: `{}` is no table", where_, key));
    return {node ? *node->as_table() : kNone, fmt::format("{}, {}", where_, key)};
  }

  const toml::array* tables(const char* key) {
    const toml::node* node = find(key);
    return node ? node->as_array() : nullptr;
  }

  void refuseOthers() const {
    for (const auto& [key, node] : table_)
      if (!asked_.contains(std::string(key.str())))
        throw TableError(fmt::format("{}: unknown key `{}` in line {}", where_, key.str(),
                                     node.source().begin.line));
  }

  const toml::table& raw() const { return table_; }
  const std::string& where() const { return where_; }

 private:
  const toml::node* find(const char* key) {
    asked_.insert(key);
    return table_.get(key);
  }
  template <class T>
  T valueOf(const toml::node& node, const char* key) const {
    if (const auto value = node.value<T>()) return *value;
    throw TableError(fmt::format("{}: `{}` has the wrong type", where_, key));
  }

  const toml::table& table_;
  std::string where_;
  std::set<std::string> asked_;
};

PreProcess readPre(Section pre) {
  PreProcess out;
  out.fit = pre.choice<Fit>("fit", {{"stretch", Fit::Stretch}, {"letterbox", Fit::Letterbox}});
  out.anchor =
      pre.choice<Anchor>("anchor", {{"centre", Anchor::Centre}, {"top-left", Anchor::TopLeft}});
  out.colour = pre.choice<ColourOrder>(
      "colour",
      {{"rgb", ColourOrder::Rgb}, {"bgr", ColourOrder::Bgr}, {"gray", ColourOrder::Gray}});
  out.mean = pre.three("mean", 0);
  out.scale = pre.three("scale", 1);
  out.pad = pre.three("pad", 0);
  if (const std::vector<double> alpha = pre.list<double>("alpha"); !alpha.empty())
    out.alpha = static_cast<float>(alpha[0]);
  pre.refuseOthers();
  return out;
}

Parameters readPost(const Section& post) {
  Parameters out;
  for (const auto& [key, node] : post.raw()) {
    const std::string name(key.str());
    Section one(post.raw(), post.where());
    const toml::node* first =
        node.is_array() && !node.as_array()->empty() ? node.as_array()->get(0) : &node;
    if (first->is_string())
      out.texts[name] = one.list<std::string>(name.c_str());
    else
      out.numbers[name] = one.list<double>(name.c_str());
  }
  return out;
}

minnow::Shape readShape(const toml::array* row, const std::string& where) {
  minnow::Shape shape;
  for (size_t k = 0; row && k < row->size() && k < minnow::kMaxRank; ++k)
    shape.push_back(row->get(k)->value_or(int64_t{0}));
  if (shape.rank() == 0 || *std::min_element(shape.begin(), shape.end()) < 1)
    throw TableError(where + " wants rows of positive numbers");
  return shape;
}

std::optional<LiveEntry> readLive(Section& model) {
  if (!model.raw().contains("live")) return std::nullopt;
  Section live = model.section("live");
  LiveEntry out;
  out.rate = live.get<double>("rate", 0);
  out.of = live.get<std::string>("of", "");
  if (live.raw().contains("shape"))
    out.shape = readShape(live.tables("shape"), live.where() + ": `shape`");
  out.crops = static_cast<int>(live.get<int64_t>("crops", 1));
  out.deadlineMs = live.get<double>("deadline_ms", 0);
  out.priority = static_cast<int>(live.get<int64_t>("priority", 0));
  out.evictable = live.get<bool>("evictable", false);
  out.tilesAfter = live.get<std::string>("tiles_after", "");
  live.refuseOthers();
  if ((out.rate > 0) == out.of.empty()) return out;
  throw TableError(live.where() + ": a model has a `rate`, or one `of` whose features it reads");
}

std::vector<minnow::Shape> readShapes(Section& model) {
  std::vector<minnow::Shape> shapes;
  const toml::array* rows = model.tables("shapes");
  for (size_t i = 0; rows && i < rows->size(); ++i) {
    const minnow::Shape shape = readShape(rows->get(i)->as_array(), model.where() + ": `shapes`");
    if (i > 0 && shape.rank() != shapes[0].rank())
      throw TableError(fmt::format("{}: `shapes` wants rows of one length", model.where()));
    shapes.push_back(shape);
  }
  return shapes;
}

ModelEntry readModel(const toml::table& table) {
  ModelEntry entry;
  entry.name = table["name"].value_or(std::string());
  const auto line = table.source().begin.line;
  if (entry.name.empty()) throw TableError(fmt::format("line {}: a model without name", line));
  Section model(table, fmt::format("model {} (line {})", entry.name, line));
  model.get<std::string>("name", "");
  entry.task = model.get<std::string>("task", entry.name);
  entry.onnx = model.get<std::string>("onnx", "");
  entry.package = model.get<std::string>("package", "");
  entry.input = model.get<std::string>("input", "");
  entry.shapes = readShapes(model);
  entry.kind = model.get<std::string>("kind", "");
  entry.outputs = model.list<std::string>("outputs");
  entry.of = model.list<std::string>("of");
  entry.tiles = static_cast<int>(model.get<int64_t>("tiles", 1));
  entry.sure = model.get<double>("sure", 0);
  entry.seconded = model.get<double>("seconded", 2);
  if (entry.tiles < 1 || entry.tiles > 8) throw TableError(model.where() + ": `tiles` is 1 to 8");
  entry.margin = model.get<double>("margin", 0);
  entry.draw = model.get<bool>("draw", true);
  const std::array<float, 3> colour = model.three("colour", 255);
  for (int i = 0; i < 3; ++i)
    entry.colour[i] = static_cast<uint8_t>(std::clamp(colour[i], 0.0F, 255.0F));
  entry.labelsFile = model.get<std::string>("labels", "");
  entry.pre = readPre(model.section("pre"));
  entry.post = readPost(model.section("post"));
  entry.live = readLive(model);
  model.refuseOthers();
  if (entry.onnx.empty()) throw TableError(model.where() + ": `onnx` is missing");
  const Kind* kind = findKind(entry.kind);
  if (!kind)
    throw TableError(fmt::format("{}: unknown kind `{}`; known: {}", model.where(), entry.kind,
                                 fmt::join(kindNames(), ", ")));
  if (kind->read && entry.of.empty())
    throw TableError(fmt::format("{}: kind {} needs `of`", model.where(), entry.kind));
  return entry;
}

}  // namespace

std::string ModelEntry::shapeRange() const {
  std::string range;
  for (int axis = 0; !shapes.empty() && axis < shapes[0].rank(); ++axis) {
    const auto [least, most] = std::ranges::minmax(
        shapes | std::views::transform([&](const minnow::Shape& shape) { return shape[axis]; }));
    range += fmt::format("{}{}", axis > 0 ? "," : "", least);
    if (least < most) range += fmt::format("..{}", most);
  }
  return range;
}

std::string ModelEntry::convertedName() const {
  const std::string stem = std::filesystem::path(onnx).stem().string();
  return shapes.empty() ? stem + ".minnow" : fmt::format("{}_{}.minnow", stem, shapeRange());
}

Result<std::vector<ModelEntry>> readTable(const std::filesystem::path& path) {
  const auto bad = [&](const std::string& what) {
    return std::unexpected(Error{ErrorCode::InvalidArgument, path.string() + ": " + what});
  };
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return std::unexpected(Error{ErrorCode::NotFound, path.string() + ": there is no such table"});
  try {
    const toml::table file = toml::parse_file(path.string());
    Section whole(file, "the table");
    const toml::array* models = whole.tables("model");
    whole.refuseOthers();
    std::vector<ModelEntry> entries;
    for (size_t i = 0; models && i < models->size(); ++i)
      if (const toml::table* model = models->get(i)->as_table())
        entries.push_back(readModel(*model));
    if (entries.empty()) return bad("no [[model]] in it");
    return entries;
  } catch (const toml::parse_error& e) {
    return bad(fmt::format("line {}: {}", e.source().begin.line, e.description()));
  } catch (const TableError& e) {
    return bad(e.what());
  }
}

std::filesystem::path findFile(std::span<const std::filesystem::path> folders,
                               const std::filesystem::path& name) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (const fs::path& folder : folders) {
    if (fs::is_regular_file(folder / name, error)) return folder / name;
    constexpr auto kOptions = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator it(folder, kOptions, error), end; !error && it != end;
         it.increment(error))
      if (it->path().filename() == name && it->is_regular_file(error)) return it->path();
  }
  return {};
}

Result<void> readLabels(ModelEntry& entry, std::span<const std::filesystem::path> folders) {
  if (entry.labelsFile.empty()) return {};
  const std::filesystem::path path = findFile(folders, entry.labelsFile);
  auto labels = readLines(path.empty() ? std::filesystem::path(entry.labelsFile) : path);
  if (!labels) return std::unexpected(std::move(labels.error()));
  entry.post.labels = std::move(*labels);
  return {};
}

Result<std::vector<std::string>> readLines(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file)
    return std::unexpected(Error{ErrorCode::Io, path.string() + ": the file cannot be read"});
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

}  // namespace road
