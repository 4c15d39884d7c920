// Gather, GatherElements, GatherND, and the Scatter family.
#include "ops/gather.h"

#include "converter/onnx/node_context.h"
#include "ops/reshape.h"
#include "ops/scatter.h"
#include "ops/slice.h"

namespace minnow::converter {
namespace {

/// Constant indices start, start + step, … read a slice, which is a view; that is how exporters
/// spell x[:, 0] and channel selections. Nullopt for any other indices.
std::unique_ptr<ops::Slice> asSlice(const NodeContext& node, int64_t axis) {
  const TensorType& type = node.typeOf(node.input(1));
  if (!node.isConstant(node.input(1)) || node.follows(node.input(1)) || type.shape.rank() > 1)
    return nullptr;
  const std::vector<int64_t> indices = node.constantInts(1);
  if (indices.empty() || node.isFromData(0, axis)) return nullptr;
  const int64_t extent = node.largestShape(0)[static_cast<int>(axis)];
  const int64_t first = indices.front(), last = indices.back();
  const int64_t step = indices.size() > 1 ? indices[1] - first : 1;
  if (std::min(first, last) < -extent || std::max(first, last) >= extent || step < 1)
    return nullptr;
  for (size_t i = 0; i + 1 < indices.size(); ++i)
    if (indices[i + 1] - indices[i] != step || (indices[i] < 0) != (first < 0)) return nullptr;
  if ((last < 0) != (first < 0)) return nullptr;
  auto slice = std::make_unique<ops::Slice>();
  slice->starts = {first};
  slice->ends = {last == -1 ? INT64_MAX : last + 1};
  slice->axes = {axis};
  slice->steps = {step};
  slice->exact = true;
  return slice;
}

ops::ScatterReduction reductionOf(const NodeContext& node) {
  static constexpr const char* kNames[] = {"none", "add", "mul", "max", "min"};
  const std::string name = node.string("reduction", "none");
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (name == kNames[i]) return static_cast<ops::ScatterReduction>(i);
  node.unsupported("reduction '" + name + "'");
}

}  // namespace

void importGather(NodeContext& node) {
  int64_t axis = node.integer("axis", 0);
  if (axis < 0) axis += node.rank(0);
  if (axis < 0 || axis >= node.rank(0)) node.broken("the axis is out of range");
  if (auto slice = asSlice(node, axis)) {
    ir::ValueId value = node.emit(std::move(slice), {node.input(0)});
    if (node.rank(1) == 0) {
      auto squeeze = std::make_unique<ops::Squeeze>();
      squeeze->axes = {axis};
      value = node.emit(std::move(squeeze), {value});
    }
    return node.setOutput(0, value);
  }
  auto op = std::make_unique<ops::Gather>();
  op->axis = axis;
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1)}));
}

void importGatherElements(NodeContext& node) {
  auto op = std::make_unique<ops::GatherElements>();
  op->axis = node.integer("axis", 0);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1)}));
}

void importGatherNd(NodeContext& node) {
  auto op = std::make_unique<ops::GatherNd>();
  op->batchAxes = node.integer("batch_dims", 0);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1)}));
}

/// Scatter (9 and 10) is ScatterElements without a reduction.
void importScatterElements(NodeContext& node) {
  auto op = std::make_unique<ops::ScatterElements>();
  op->axis = node.integer("axis", 0);
  op->reduction = reductionOf(node);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1), node.input(2)}));
}

void importScatterNd(NodeContext& node) {
  auto op = std::make_unique<ops::ScatterNd>();
  op->reduction = reductionOf(node);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1), node.input(2)}));
}

}  // namespace minnow::converter
