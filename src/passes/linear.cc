// Axes of linear operators and their weights.
#include "passes/linear.h"

namespace minnow::passes {

using ir::ValueId;

namespace {

std::optional<ops::LinearAxes> linearAxes(const Rewriter& graph, int n) {
  const ir::Node& node = graph.node(n);
  std::vector<TensorType> outputs;
  for (const ValueId id : node.outputs)
    outputs.push_back(id == ir::kNoValue ? TensorType{} : graph.value(id).type);
  return node.op->linearAxes(graph.graph().inputTypes(node), outputs);
}

}  // namespace

bool isBareLinear(const Rewriter& graph, int n) {
  const ir::Node& node = graph.node(n);
  if (node.outputs.empty() || node.outputs[0] == ir::kNoValue) return false;
  if (graph.value(node.outputs[0]).type.type != DataType::Float32) return false;
  const auto axes = linearAxes(graph, n);
  const ops::Epilogue* activation = node.op->fusedActivation();
  const bool bare = !activation || activation->fn == ops::UnaryFn::Identity;
  // A bias has a number of elements that is known.
  return axes && bare && graph.dataSizes().of(node.outputs[0])[axes->output] == 0;
}

const Shape& outputShape(const Rewriter& graph, int n) {
  return graph.value(graph.node(n).outputs[0]).type.shape;
}

int outputAxis(const Rewriter& graph, int n) { return linearAxes(graph, n)->output; }

std::vector<int64_t> channelOfWeights(const Rewriter& graph, int n) {
  const ValueId id = graph.node(n).inputs[1];
  if (constantFloats(graph, id).empty()) return {};
  const Shape& shape = graph.value(id).type.shape;
  const Strides strides = plainStrides(shape);
  const ops::LinearAxes axes = *linearAxes(graph, n);
  std::vector<int64_t> channels(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < channels.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    channels[i] = at / strides[axes.weights] % shape[axes.weights];
    if (axes.groups > 1)
      channels[i] += at / strides[0] / (shape[0] / axes.groups) * shape[axes.weights];
  }
  return channels;
}

}  // namespace minnow::passes
