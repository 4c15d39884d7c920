// Rounding to int8 by channel.
#include "quantise/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/conv.h"
#include "ops/matmul.h"
#include "passes/linear.h"

namespace minnow::quantise {
namespace {

constexpr float kMostWeight = 127;
// A bias is an int32 of the sums' scale; half of its range is left to the sums.
constexpr float kMostBias = 1 << 30;

TensorType typeOf(const ir::Graph& graph, ir::ValueId id) {
  return id == ir::kNoValue ? TensorType{} : graph.values[at(id)].type;
}

std::vector<float> biasOf(const ir::Graph& graph, const ir::Node& node) {
  if (node.inputs.size() < 3 || node.inputs[2] == ir::kNoValue) return {};
  const auto bias = graph.values[at(node.inputs[2])].elements<float>();
  return {bias.begin(), bias.end()};
}

/// The input channel that weight `i` is multiplied by, of those that statistics count; -1 for an
/// operator of which it is not known.
int64_t inputChannel(const ir::Node& node, const Shape& weights, int64_t i) {
  if (const auto* conv = node.as<ops::Conv>()) {
    const int64_t taps = weights.elements() / (weights[0] * weights[1]);
    const int64_t output = i / (taps * weights[1]);
    return i / taps % weights[1] + output / (weights[0] / conv->groups) * weights[1];
  }
  if (const auto* product = node.as<ops::MatMul>(); product && weights.rank() == 2)
    return product->transposeB ? i % weights[1] : i / weights[1];
  return -1;
}

/// The least scale at which a channel's bias is within int32, or that of its largest weight.
float scaleOf(float largest, float bias, float xScale) {
  const float least = std::abs(bias) / (xScale * kMostBias);
  const float scale = std::max({largest / kMostWeight, least, std::numeric_limits<float>::min()});
  return largest == 0 && bias == 0 ? 1.0F : scale;
}

}  // namespace

std::optional<ops::LinearAxes> constantLinear(const ir::Graph& graph, const ir::Node& node) {
  if (node.inputs.size() < 2 || node.inputs[1] == ir::kNoValue) return std::nullopt;
  const ir::Value& weights = graph.values[at(node.inputs[1])];
  if (!weights.isFixed() || !weights.isPlain() || weights.type.type != DataType::Float32)
    return std::nullopt;
  if (node.inputs.size() > 2 && node.inputs[2] != ir::kNoValue &&
      !graph.values[at(node.inputs[2])].isFixed())
    return std::nullopt;
  const std::vector<TensorType> outputs{typeOf(graph, node.outputs[0])};
  const auto axes = node.op->linearAxes(graph.inputTypes(node), outputs);
  return axes && axes->groups == 1 ? axes : std::nullopt;
}

QuantisedWeights quantisedWeights(ir::Graph& graph, int n, float xScale, const Statistics* input) {
  const ir::Node& node = graph.nodes[static_cast<size_t>(n)];
  const ir::Value& value = graph.values[at(node.inputs[1])];
  const auto weights = value.elements<float>();
  const Shape& shape = value.type.shape;
  const int axis = constantLinear(graph, node)->weights;
  const std::vector<int64_t> channels = passes::channelOfWeights(passes::Rewriter(graph), n);
  const auto count = static_cast<size_t>(shape[axis]);

  QuantisedWeights to{std::vector<int8_t>(weights.size()), {}, axis, biasOf(graph, node)};
  std::vector<float> largest(count);
  for (size_t i = 0; i < weights.size(); ++i) {
    float& most = largest[static_cast<size_t>(channels[i])];
    most = std::max(most, std::abs(weights[i]));
  }
  for (size_t c = 0; c < count; ++c)
    to.scales.push_back(scaleOf(largest[c], to.bias.empty() ? 0 : to.bias[c], xScale));

  std::vector<double> moved(count);  // what rounding takes from a channel's results on average
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto channel = static_cast<size_t>(channels[i]);
    const float rounded =
        std::clamp(std::nearbyint(weights[i] / to.scales[channel]), -kMostWeight, kMostWeight);
    to.integers[i] = static_cast<int8_t>(rounded);
    const int64_t from = input ? inputChannel(node, shape, static_cast<int64_t>(i)) : -1;
    if (from < 0 || static_cast<size_t>(from) >= input->channelSum.size()) continue;
    moved[channel] += (double{weights[i]} - double{rounded} * to.scales[channel]) *
                      input->channelMean(static_cast<size_t>(from));
  }
  if (input == nullptr) return to;
  to.bias.resize(count);
  for (size_t c = 0; c < count; ++c) to.bias[c] += static_cast<float>(moved[c]);
  return to;
}

}  // namespace minnow::quantise
