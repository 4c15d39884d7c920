// An unknown key is an error: a typing mistake would otherwise be a default.
#include "schedule_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <set>

#include "arguments.h"
#include "exit.h"
#include "words.h"

namespace minnow::tool {
namespace {

/// A table that knows where it stands, and which of its keys were asked for.
class Section {
 public:
  Section(const toml::table& table, std::string file, std::string what)
      : table_(table), file_(std::move(file)), what_(std::move(what)) {}

  /// What is wrong with a key, at its line.
  Failure wrong(const char* key, const std::string& expected) const {
    const toml::node* node = table_.get(key);
    const std::string is = node == nullptr ? "is missing" : fmt::format("is {}", inWords(*node));
    return at(node == nullptr ? static_cast<const toml::node&>(table_) : *node,
              fmt::format("`{}` {}, expected {}", key, is, expected));
  }
  Failure at(const toml::node& node, const std::string& words) const {
    return {Exit::Usage, fmt::format("{}:{}: {}{}", file_, node.source().begin.line, what_, words)};
  }

  double number(const char* key, double fallback, double least, double most) {
    const toml::node* node = find(key);
    if (node == nullptr) return fallback;
    const auto value = node->value<double>();
    if (!node->is_number() || !value || !(*value >= least && *value <= most))
      throw wrong(key, fmt::format("a number from {:g} to {:g}", least, most));
    return *value;
  }
  int whole(const char* key, int fallback, int least, int most) {
    const toml::node* node = find(key);
    if (node == nullptr) return fallback;
    const auto value = node->value_exact<int64_t>();
    if (!value || *value < least || *value > most)
      throw wrong(key, fmt::format("a whole number from {} to {}", least, most));
    return static_cast<int>(*value);
  }
  std::string text(const char* key, const std::string& fallback) {
    const toml::node* node = find(key);
    if (node == nullptr) return fallback;
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty()) throw wrong(key, "words in quotation marks");
    return *value;
  }
  bool flag(const char* key, bool fallback) {
    const toml::node* node = find(key);
    if (node == nullptr) return fallback;
    const auto value = node->value_exact<bool>();
    if (!value) throw wrong(key, "true or false");
    return *value;
  }
  /// The value of one of a few words.
  template <class T>
  T choice(const char* key, std::initializer_list<std::pair<const char*, T>> choices) {
    const std::string word = text(key, choices.begin()->first);
    std::string known;
    for (const auto& [name, value] : choices) {
      if (word == name) return value;
      known += fmt::format("{}'{}'", known.empty() ? "" : " or ", name);
    }
    throw wrong(key, known);
  }
  /// One number for all channels, or one for each.
  std::array<float, 3> three(const char* key, float fallback) {
    const toml::node* node = find(key);
    if (node == nullptr) return {fallback, fallback, fallback};
    const toml::array* list = node->as_array();
    if (list != nullptr && list->size() != 3) throw wrong(key, "one number or three");
    std::array<float, 3> values{};
    for (size_t i = 0; i < 3; ++i) {
      const toml::node& one = list == nullptr ? *node : *list->get(i);
      if (!one.is_number()) throw wrong(key, "one number or three");
      values[i] = static_cast<float>(*one.value<double>());
    }
    return values;
  }
  /// Empty where there is none.
  Section section(const char* key) {
    static const toml::table kNone;
    const toml::node* node = find(key);
    if (node != nullptr && !node->is_table()) throw wrong(key, "a table: { … }");
    return {node == nullptr ? kNone : *node->as_table(), file_, fmt::format("{}{}: ", what_, key)};
  }
  const toml::node* find(const char* key) {
    asked_.insert(key);
    return table_.get(key);
  }
  const toml::table& table() const { return table_; }

  void refuseOthers() const {
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (asked_.contains(name)) continue;
      const std::string near = nearest(name, {asked_.begin(), asked_.end()});
      throw at(node, fmt::format("there is no key `{}`{}; there are {}", name,
                                 near.empty() ? "" : fmt::format(" (did you mean `{}`?)", near),
                                 fmt::join(asked_, ", ")));
    }
  }

 private:
  static std::string inWords(const toml::node& node) {
    if (const auto words = node.value_exact<std::string>()) return fmt::format("'{}'", *words);
    if (const auto number = node.value<double>(); number && node.is_number())
      return fmt::format("{:g}", *number);
    if (const auto value = node.value_exact<bool>()) return *value ? "true" : "false";
    return node.is_array() ? "a list" : node.is_table() ? "a table" : "something else";
  }

  const toml::table& table_;
  std::string file_, what_;
  std::set<std::string> asked_;
};

vision::PreProcess readPicture(Section picture) {
  using namespace vision;
  PreProcess pre;
  pre.fit = picture.choice<Fit>("fit", {{"stretch", Fit::Stretch}, {"letterbox", Fit::Letterbox}});
  pre.colour = picture.choice<ColourOrder>(
      "colour",
      {{"rgb", ColourOrder::Rgb}, {"bgr", ColourOrder::Bgr}, {"gray", ColourOrder::Gray}});
  pre.mean = picture.three("mean", 0);
  pre.scale = picture.three("scale", 1);
  pre.pad = picture.three("pad", 0);
  if (picture.find("alpha") != nullptr)
    pre.alpha = static_cast<float>(picture.number("alpha", 0, -1e9, 1e9));
  picture.refuseOthers();
  return pre;
}

/// Of one input: { images = [1, 3, 320, 320] }
void readShapes(Section& model, ScheduleEntry& entry) {
  constexpr const char* kExpected = "sizes of inputs, as { images = [1, 3, 320, 320] }";
  Section shapes = model.section("shape");
  for (const auto& [name, node] : shapes.table()) {
    const toml::array* sizes = node.as_array();
    if (sizes == nullptr || sizes->empty() || sizes->size() > kMaxRank)
      throw model.wrong("shape", kExpected);
    Shape shape;
    for (const toml::node& size : *sizes) {
      const auto extent = size.value_exact<int64_t>();
      if (!extent || *extent < 1) throw model.wrong("shape", kExpected);
      shape.push_back(*extent);
    }
    entry.model.shapes.emplace_back(std::string(name.str()), shape);
    entry.shapes.push_back(fmt::format("{}={}", name.str(), fmt::join(shape.dims(), ",")));
  }
}

/// "cl,cpu": the first, and the others.
void readBackends(Section& model, ScheduledModel& scheduled) {
  const std::string list = model.text("backend", "cpu");
  const size_t comma = std::min(list.find(','), list.size());
  scheduled.backend = list.substr(0, comma);
  scheduled.backups = list.substr(std::min(comma + 1, list.size()));
}

void readTimes(Section& model, ScheduledModel& scheduled, double frameRate) {
  scheduled.of = model.text("of", "");
  scheduled.mostCrops = model.whole("crops", 1, 1, 10'000);
  scheduled.rate = model.number("rate", 0, 0.001, frameRate);
  scheduled.every = model.whole("every", 1, 1, 1'000'000);
  scheduled.deadlineMs = model.number("deadline_ms", 0, 0.001, 1e9);
  scheduled.deadlineFactor = model.number("deadline_factor", 0, 1, 1e6);
  scheduled.priority = model.whole("priority", 0, -1000, 1000);
  const auto both = [&](const char* one, const char* other) {
    if (model.table().contains(one) && model.table().contains(other))
      throw model.at(*model.table().get(other),
                     fmt::format("`{}` and `{}` say the same thing: keep one", one, other));
  };
  both("rate", "every");
  both("deadline_ms", "deadline_factor");
  if (!scheduled.of.empty()) {
    for (const char* key : {"rate", "every"})
      if (model.table().contains(key))
        throw model.wrong(key, fmt::format("none, since it runs on what '{}' finds", scheduled.of));
  } else if (model.table().contains("crops")) {
    throw model.wrong("crops", "none without `of`, the model that finds them");
  }
}

ScheduleEntry readModel(const toml::table& table, const std::filesystem::path& file,
                        double frameRate) {
  const auto name = table["name"].value_exact<std::string>();
  Section model(table, file.string(), name ? fmt::format("model '{}': ", *name) : "a model: ");
  ScheduleEntry entry;
  entry.model.name = model.text("name", "");
  if (entry.model.name.empty()) throw model.wrong("name", "words that nothing else is called by");
  const std::string path = model.text("file", "");
  if (path.empty()) throw model.wrong("file", "a .minnow, .onnx or .tflite file");
  entry.model.file = file.parent_path() / path;
  readShapes(model, entry);
  readBackends(model, entry.model);
  readTimes(model, entry.model, frameRate);
  entry.model.evictable = model.flag("evictable", false);
  entry.picture = readPicture(model.section("picture"));
  model.refuseOthers();
  return entry;
}

void readModels(Section& whole, const std::filesystem::path& file, ScheduleFile& out) {
  const toml::node* node = whole.find("model");
  const toml::array* models = node == nullptr ? nullptr : node->as_array();
  if (models == nullptr || models->empty() || !models->is_array_of_tables())
    throw whole.wrong("model", "at least one [[model]]");
  for (const toml::node& model : *models)
    out.models.push_back(readModel(*model.as_table(), file, out.options.frameRates[0]));
}

}  // namespace

ScheduleFile readScheduleFile(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw Failure(Exit::Error, fmt::format("{}: the file does not exist", path.string()));
  try {
    const toml::table table = toml::parse_file(path.string());
    Section whole(table, path.string(), "");
    ScheduleFile out;
    out.options.threads = whole.whole("threads", 1, 1, 1024);
    out.options.cpuUnits = whole.whole("cpu_units", 1, 1, 64);
    out.options.concurrency = whole.whole("concurrency", 0, 1, 1024);
    out.options.kernelCache = whole.text("kernel_cache", "");
    out.options.frameRates = {whole.number("frame_rate", 30, 0.001, 10'000)};
    if (whole.find("memory") != nullptr) {
      try {
        out.options.memoryBudget = parseBytes(whole.text("memory", ""), "memory");
      } catch (const Failure&) {
        throw whole.wrong("memory", "an amount, as \"64MB\"");
      }
    }
    readModels(whole, path, out);
    whole.refuseOthers();
    return out;
  } catch (const toml::parse_error& wrong) {
    throw Failure(Exit::Usage, fmt::format("{}:{}: {}", path.string(), wrong.source().begin.line,
                                           wrong.description()));
  }
}

}  // namespace minnow::tool
