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
  op->k = node.opset() < 10 ? node.integer("k") : node.settingInt(*op, "k", 1);
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
  std::vector<ir::ValueId> inputs{node.input(0), node.input(1)};
  // A limit that is constant becomes an attribute, any other stays an input.
  const auto isConstant = [&](int i) { return node.isConstant(node.input(i)); };
  for (int i = 2; i < 5; ++i) inputs.push_back(isConstant(i) ? ir::kNoValue : node.input(i));
  if (isConstant(2)) op->mostPerClass = oneInt(node, 2);
  if (isConstant(3)) op->iouThreshold = oneFloat(node, 3);
  if (isConstant(4)) op->scoreThreshold = oneFloat(node, 4);
  op->hasScoreThreshold = isConstant(4);
  op->centred = node.integer("center_point_box", 0) != 0;
  node.setOutput(0, node.emit(std::move(op), std::move(inputs)));
}

}  // namespace minnow::converter
