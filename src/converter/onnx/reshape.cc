// Reshape, Flatten, Squeeze, Unsqueeze: axes and shapes are attributes up to opset 12 (Reshape: 4),
// inputs after.
#include "ops/reshape.h"

#include "converter/onnx/compose.h"

namespace minnow::converter {
namespace {
std::vector<int64_t> unitAxes(const NodeContext& node) {
  if (node.opset() < 13) return node.integers("axes");
  return node.hasInput(1) ? node.constantInts(1) : std::vector<int64_t>{};
}

/// A shape that a run computes: extents that the input has in the same place are its own, the others
/// are at most what is known of them.
std::vector<int64_t> shapeInRun(NodeContext& node, const ops::Reshape& op,
                                const NodeContext::InRun& numbers) {
  std::vector<int64_t> instead = numbers.most, known;
  for (size_t i = 0; i < instead.size(); ++i)
    if (numbers.least[i] != numbers.most[i] && numbers.isOwnAxis[i] && !op.allowZero)
      instead[i] = 0;
  for (size_t i = 0; i < instead.size(); ++i) known.push_back(instead[i] == numbers.most[i]);
  const Composer c(node);
  const ir::ValueId most = c.cast(node.mostOf(node.input(1)), DataType::Int64);
  return node.settingInRun(op, "shape", node.input(1),
                           c.choose(c.cast(node.constantIntRow(known), DataType::Bool), most,
                                    node.constantIntRow(instead)));
}

std::vector<int64_t> shapeOf(NodeContext& node, const ops::Reshape& op) {
  if (node.opset() < 5) return node.integers("shape");
  if (const auto numbers = node.inRun(node.input(1), node.input(0)))
    return shapeInRun(node, op, *numbers);
  return node.settingInts(op, "shape", 1);
}
}  // namespace

void importReshape(NodeContext& node) {
  auto op = std::make_unique<ops::Reshape>();
  op->allowZero = node.integer("allowzero", 0) != 0;
  op->shape = shapeOf(node, *op);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importFlatten(NodeContext& node) {
  auto op = std::make_unique<ops::Flatten>();
  op->axis = node.integer("axis", 1);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importSqueeze(NodeContext& node) {
  auto op = std::make_unique<ops::Squeeze>();
  op->axes = unitAxes(node);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importUnsqueeze(NodeContext& node) {
  auto op = std::make_unique<ops::Unsqueeze>();
  op->axes = unitAxes(node);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
