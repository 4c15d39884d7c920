// Reshape, Flatten, Squeeze, Unsqueeze: axes and shapes are attributes up to opset 12 (Reshape: 4),
// inputs after.
#include "ops/reshape.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {
namespace {
std::vector<int64_t> unitAxes(const NodeContext& node) {
  if (node.opset() < 13) return node.integers("axes");
  return node.hasInput(1) ? node.constantInts(1) : std::vector<int64_t>{};
}
}  // namespace

void importReshape(NodeContext& node) {
  auto op = std::make_unique<ops::Reshape>();
  op->shape = node.opset() < 5 ? node.integers("shape") : node.settingInts(*op, "shape", 1);
  op->allowZero = node.integer("allowzero", 0) != 0;
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
