// TopK (k as attribute up to opset 9), NonZero, Compress, NonMaxSuppression.
#include "ops/select.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {
namespace {

int64_t oneInt(const NodeContext& node, int i) {
  const std::vector<int64_t> values = node.constantInts(i);
  if (values.size() != 1) node.broken("input " + std::to_string(i) + " is not one number");
  return values[0];
}

float oneFloat(const NodeContext& node, int i) {
  const std::vector<float> values = node.constantFloats(i);
  if (values.size() != 1) node.broken("input " + std::to_string(i) + " is not one number");
  return values[0];
}

}  // namespace

void importTopK(NodeContext& node) {
  auto op = std::make_unique<ops::TopK>();
  op->axis = node.integer("axis", -1);
  op->k = node.opset() < 10 ? node.integer("k") : oneInt(node, 1);
  op->largest = node.integer("largest", 1) != 0;
  const auto results = node.emitMany(std::move(op), {node.input(0)}, 2);
  for (int i = 0; i < 2; ++i)
    if (node.wantsOutput(i)) node.setOutput(i, results[static_cast<size_t>(i)]);
}

void importNonZero(NodeContext& node) {
  node.setOutput(0, node.emit(std::make_unique<ops::NonZero>(), {node.input(0)}));
}

void importCompress(NodeContext& node) {
  auto op = std::make_unique<ops::Compress>();
  op->flat = !node.has("axis");
  op->axis = node.integer("axis", 0);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1)}));
}

void importNonMaxSuppression(NodeContext& node) {
  auto op = std::make_unique<ops::NonMaxSuppression>();
  op->mostPerClass = node.hasInput(2) ? oneInt(node, 2) : 0;
  op->iouThreshold = node.hasInput(3) ? oneFloat(node, 3) : 0.0f;
  op->hasScoreThreshold = node.hasInput(4);
  op->scoreThreshold = node.hasInput(4) ? oneFloat(node, 4) : 0.0f;
  op->centred = node.integer("center_point_box", 0) != 0;
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1)}));
}

}  // namespace minnow::converter
