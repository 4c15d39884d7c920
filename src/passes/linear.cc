// Axes of the linear operators' weights.
#include "passes/linear.h"

#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/matmul.h"

namespace minnow::passes {

using ir::ValueId;

bool isBareLinear(const Rewriter& graph, int n) {
  const ir::Node& node = graph.node(n);
  if (node.outputs.empty() || node.outputs[0] == ir::kNoValue) return false;
  if (graph.value(node.outputs[0]).type.type != DataType::Float32) return false;
  const auto bare = [](const auto* op) { return op && op->epilogue.fn == ops::UnaryFn::Identity; };
  const bool linear =
      bare(node.as<ops::Conv>()) || bare(node.as<ops::ConvTranspose>()) ||
      (bare(node.as<ops::MatMul>()) && graph.value(node.inputs[1]).type.shape.rank() >= 2);
  // A bias has a number of elements that is known.
  return linear && graph.dataSizes().of(node.outputs[0])[outputAxis(graph, n)] == 0;
}

const Shape& outputShape(const Rewriter& graph, int n) {
  return graph.value(graph.node(n).outputs[0]).type.shape;
}

int outputAxis(const Rewriter& graph, int n) {
  return graph.node(n).as<ops::MatMul>() ? outputShape(graph, n).rank() - 1 : 1;
}

std::vector<int64_t> channelOfWeights(const Rewriter& graph, int n) {
  const ir::Node& node = graph.node(n);
  const ValueId id = node.inputs[1];
  if (constantFloats(graph, id).empty()) return {};
  const Shape& shape = graph.value(id).type.shape;
  int axis = 0;  // of Conv's weights: [O, I/groups, kernel…]
  int64_t groups = 1;
  if (const auto* conv = node.as<ops::ConvTranspose>()) axis = 1, groups = conv->groups;
  if (const auto* product = node.as<ops::MatMul>())
    axis = shape.rank() - (product->transposeB ? 2 : 1);
  const Strides strides = plainStrides(shape);
  std::vector<int64_t> channels(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < channels.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    channels[i] = at / strides[axis] % shape[axis];
    // In ConvTranspose's weights, [I, O/groups, kernel…], the input channel tells the group.
    if (axis == 1 && groups > 1) channels[i] += at / strides[0] / (shape[0] / groups) * shape[1];
  }
  return channels;
}

}  // namespace minnow::passes
