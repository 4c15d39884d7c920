// Asking a model about its axes, and words for the answers.
#include "extents.h"

#include <fmt/format.h>

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

/// Gives axes their least, and returns whether there are any with a range.
bool shrink(Shaped& shapes, const std::vector<Extent>& extents) {
  bool ranges = false;
  for (const Extent& extent : extents)
    for (const Axis& axis : extent.axes) {
      if (extent.most == kAnyExtent) continue;
      std::ranges::find(shapes, axis.input, &Shaped::value_type::first)->second[axis.axis] =
          extent.least;
      ranges = true;
    }
  return ranges;
}

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
  Smallest smallest{before, {}};
  if (!shrink(smallest.shapes, extents)) return std::nullopt;
  if (auto ok = session.resizeInputs(smallest.shapes); !ok) return std::unexpected(ok.error());
  smallest.memory = session.memory();
  need(session.resizeInputs(before));
  return smallest;
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
