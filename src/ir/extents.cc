// Looking extents up, spreading and checking them.
#include "ir/extents.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/fail.h"

namespace minnow::ir {
namespace {

ValueId valueOf(const Graph& graph, InputAxis axis) {
  return graph.inputs[static_cast<size_t>(axis.input)];
}

int64_t& extentIn(const Graph& graph, InputAxis axis, std::span<TensorType> types) {
  return types[static_cast<size_t>(valueOf(graph, axis))].shape[axis.axis];
}

int64_t extentIn(const Graph& graph, InputAxis axis, std::span<const TensorType> types) {
  return types[static_cast<size_t>(valueOf(graph, axis))].shape[axis.axis];
}

/// "axis 3 (W) of input 'x'"
std::string inWords(const Graph& graph, const Extent& extent, InputAxis axis) {
  const ir::Name& input = graph.values[static_cast<size_t>(valueOf(graph, axis))].name;
  const std::string name = extent.name.empty() ? "" : " (" + extent.name + ")";
  return text("axis ", axis.axis, name, " of input '", input, "'");
}

/// "32..960", "at least 2"
std::string inWords(const Extent& extent) {
  if (extent.most == kAnyExtent) return text("at least ", extent.least);
  return text(extent.least, "..", extent.most);
}

Result<void> checkExtent(const Graph& graph, const Extent& extent,
                         std::span<const TensorType> types) {
  const InputAxis first = extent.axes.front();
  const int64_t size = extentIn(graph, first, types);
  for (const InputAxis other : extent.axes)
    if (const int64_t also = extentIn(graph, other, types); also != size)
      return fail(ErrorCode::ShapeMismatch, inWords(graph, extent, first), " is ", size, " and ",
                  inWords(graph, extent, other), " is ", also, "; what has one name is the same");
  if (size < extent.least || size > extent.most)
    return fail(ErrorCode::ShapeMismatch, inWords(graph, extent, first), " is ", size,
                ", the model was converted for ", inWords(extent),
                "; convert it for a range that holds it (--shape)");
  return {};
}

bool isInput(const Graph& graph, InputAxis axis) {
  if (axis.input < 0 || static_cast<size_t>(axis.input) >= graph.inputs.size()) return false;
  const Value& value = graph.values[static_cast<size_t>(valueOf(graph, axis))];
  return axis.axis >= 0 && axis.axis < value.type.shape.rank();
}

}  // namespace

const Extent* extentOf(const Graph& graph, InputAxis axis) {
  for (const Extent& extent : graph.extents)
    if (std::ranges::find(extent.axes, axis) != extent.axes.end()) return &extent;
  return nullptr;
}

void spreadExtents(const Graph& graph, std::span<const ValueId> asked,
                   std::vector<TensorType>& types) {
  const auto isAsked = [&](InputAxis axis) {
    return std::ranges::find(asked, valueOf(graph, axis)) != asked.end();
  };
  for (const Extent& extent : graph.extents) {
    const auto from = std::ranges::find_if(extent.axes, isAsked);
    if (from == extent.axes.end()) continue;
    for (const InputAxis to : extent.axes)
      if (!isAsked(to))
        extentIn(graph, to, std::span(types)) = extentIn(graph, *from, std::span(types));
  }
}

Result<void> checkExtents(const Graph& graph, std::span<const TensorType> types) {
  for (const Extent& extent : graph.extents)
    if (auto ok = checkExtent(graph, extent, types); !ok) return ok;
  return {};
}

Result<void> verifyExtents(const Graph& graph) {
  if (graph.extents.empty()) return {};
  std::set<std::string> names;
  std::set<std::pair<int32_t, int32_t>> taken;
  std::vector<TensorType> types;
  for (const Value& value : graph.values) types.push_back(value.type);
  for (const Extent& extent : graph.extents) {
    const bool named = !extent.name.empty();
    if (extent.least < 0 || extent.least > extent.most || extent.axes.empty() ||
        (named ? !names.insert(extent.name).second : extent.axes.size() > 1))
      return fail(ErrorCode::BadModel, "the extent '", extent.name, "' (", extent.least, "..",
                  extent.most, ") is none");
    for (const InputAxis axis : extent.axes)
      if (!isInput(graph, axis) || !taken.insert({axis.input, axis.axis}).second)
        return fail(ErrorCode::BadModel, "the extent '", extent.name, "' is of axis ", axis.axis,
                    " of input ", axis.input, ", which is not there or has another");
    if (auto ok = checkExtent(graph, extent, types); !ok)
      return fail(ErrorCode::BadModel, ok.error().message);
  }
  return {};
}

}  // namespace minnow::ir
