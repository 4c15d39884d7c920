// Asking a model about its axes, and words for the answers.
#include "extents.h"
#include "base/fail.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "exit.h"
#include "words.h"

namespace minnow::tool {
namespace {

void add(std::vector<Extent>& extents, const ExtentInfo& info, Axis axis) {
  if (info.name.empty() && info.least == 0 && info.most == kAnyExtent) return;
  const auto same = std::ranges::find(extents, info.name, &Extent::name);
  if (!info.name.empty() && same != extents.end())
    same->axes.push_back(std::move(axis));
  else
    extents.push_back({std::string(info.name), info.least, info.most, {std::move(axis)}});
}

std::string axesInWords(const Extent& extent) {
  std::string words;
  for (const Axis& axis : extent.axes)
    words += fmt::format("{}axis {} of {}", words.empty() ? "" : ", ", axis.axis, axis.input);
  return words;
}

std::string rangeInWords(const Extent& extent) {
  if (extent.most != kAnyExtent) return fmt::format("{}..{}", extent.least, extent.most);
  return extent.least > 0 ? fmt::format("at least {}", extent.least) : "any";
}

using Shaped = std::vector<std::pair<std::string, Shape>>;

Shaped shapesOf(const Session& session) {
  Shaped shapes;
  for (const TensorInfo& info : session.inputs()) shapes.emplace_back(info.name, info.shape);
  return shapes;
}

bool isRange(const Extent& extent) { return extent.most != kAnyExtent; }

void setExtent(Shaped& shapes, const Extent& extent, int64_t size) {
  for (const Axis& axis : extent.axes)
    std::ranges::find(shapes, axis.input, &Shaped::value_type::first)->second[axis.axis] = size;
}

/// Without the name of a model that has no file.
std::string withoutSource(const std::string& message) {
  const size_t node = message.find("node '");
  return node == std::string::npos ? message : message.substr(node);
}

/// Sizes of one extent, one after another.
class Trial {
 public:
  Trial(Session& session, const Extent& extent)
      : session_(session), extent_(extent), largest_(shapesOf(session)) {}

  void run(SizesWithin& found) {
    constexpr int64_t kMostTries = 512;
    const int64_t step = (extent_.most - extent_.least) / kMostTries + 1;
    for (int64_t size = extent_.least; size < extent_.most; size += step) one(size, found);
    need(session_.resizeInputs(largest_));
    if (refused_ > 0) found.refused += (found.refused.empty() ? "" : "; ") + inWords();
  }

 private:
  std::string inWords() const {
    const std::string name = extent_.name.empty() ? axesInWords(extent_) : extent_.name;
    return fmt::format(
        "of {} sizes that were tried within {} ({}) the model cannot have {}, but {}…; {}: {}",
        tried_, name, rangeInWords(extent_), refused_, fmt::join(accepted_, ", "), first_, reason_);
  }

  void one(int64_t size, SizesWithin& found) {
    Shaped shapes = largest_;
    setExtent(shapes, extent_, size);
    const auto resized = session_.resizeInputs(shapes);
    ++tried_;
    if (resized) {
      constexpr size_t kExamples = 3;
      if (accepted_.size() < kExamples) accepted_.push_back(size);
      found.mostPeak = std::max(found.mostPeak, predictedPeak(session_.memory()));
    } else if (refused_++ == 0) {
      first_ = size;
      reason_ = withoutSource(resized.error().message);
    }
  }

  Session& session_;
  const Extent& extent_;
  const Shaped largest_;
  int tried_ = 0, refused_ = 0;
  int64_t first_ = 0;  ///< that was refused
  std::string reason_;
  std::vector<int64_t> accepted_;  ///< the first ones
};

}  // namespace

std::vector<Extent> extentsOf(const Interpreter& model) {
  std::vector<Extent> extents;
  for (size_t i = 0; i < model.inputs().size(); ++i) {
    const TensorInfo& info = model.inputs()[i];
    for (int axis = 0; axis < info.shape.rank(); ++axis)
      add(extents, model.extent(i, axis), {info.name, axis});
  }
  return extents;
}

std::string inWords(const std::vector<Extent>& extents) {
  std::string words;
  for (const Extent& extent : extents)
    words +=
        fmt::format("extent         {}{}{}, {}\n", extent.name, extent.name.empty() ? "" : ": ",
                    rangeInWords(extent), axesInWords(extent));
  return words;
}

nlohmann::json toJson(const std::vector<Extent>& extents) {
  nlohmann::json out = nlohmann::json::array();
  for (const Extent& extent : extents) {
    nlohmann::json axes = nlohmann::json::array();
    for (const Axis& axis : extent.axes)
      axes.push_back({{"input", axis.input}, {"axis", axis.axis}});
    const bool open = extent.most == kAnyExtent;
    out.push_back({{"name", extent.name},
                   {"least", extent.least},
                   {"most", open ? nlohmann::json() : nlohmann::json(extent.most)},
                   {"axes", axes}});
  }
  return out;
}

Result<std::optional<Smallest>> smallestOf(Session& session, const std::vector<Extent>& extents) {
  const Shaped before = shapesOf(session);
  if (std::ranges::none_of(extents, isRange)) return std::nullopt;
  Smallest smallest{before, {}};
  for (const Extent& extent : extents)
    if (isRange(extent)) setExtent(smallest.shapes, extent, extent.least);
  if (auto ok = session.resizeInputs(smallest.shapes); !ok) return passOn(ok);
  smallest.memory = session.memory();
  need(session.resizeInputs(before));
  return smallest;
}

SizesWithin trySizes(Session& session, const std::vector<Extent>& extents) {
  SizesWithin found{"", predictedPeak(session.memory())};
  for (const Extent& extent : extents)
    if (isRange(extent)) Trial(session, extent).run(found);
  return found;
}

std::string shapesInWords(const Smallest& smallest) {
  std::string words;
  for (const auto& [name, shape] : smallest.shapes)
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", name, shape.toString());
  return words;
}

nlohmann::json toJson(const Smallest& smallest) {
  nlohmann::json shapes = nlohmann::json::object();
  for (const auto& [name, shape] : smallest.shapes) {
    const auto dims = shape.dims();
    shapes[name] = std::vector<int64_t>(dims.begin(), dims.end());
  }
  return {{"shapes", shapes}, {"predicted_peak_bytes", predictedPeak(smallest.memory)}};
}

}  // namespace minnow::tool
