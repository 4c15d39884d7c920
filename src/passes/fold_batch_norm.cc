// fold-batch-norm: batch normalisation, and sums and products with a constant a channel, go into
// the weights and bias of the linear operator before them. A whole chain is folded in double
// precision and rounded once.
#include "ops/batch_normalization.h"
#include "ops/conv.h"
#include "passes/linear.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;
using ops::BinaryFn;

/// y = scale * x + shift, by channel.
struct Affine {
  std::vector<double> scale, shift;
};

std::optional<Affine> affineOfNorm(const Rewriter& graph, const ir::Node& node, const Shape& out,
                                   int axis) {
  const auto* norm = node.as<ops::BatchNormalization>();
  if (!norm || axis != 1 || node.inputs.size() != 5) return std::nullopt;
  std::array<std::span<const float>, 4> parameters;
  for (size_t i = 0; i < 4; ++i) {
    parameters[i] = constantFloats(graph, node.inputs[i + 1]);
    if (parameters[i].size() != static_cast<size_t>(out[1])) return std::nullopt;
  }
  const auto [scale, bias, mean, variance] = parameters;
  Affine affine;
  for (size_t c = 0; c < scale.size(); ++c) {
    const double s = scale[c] / std::sqrt(double{variance[c]} + norm->epsilon);
    affine.scale.push_back(s);
    affine.shift.push_back(bias[c] - mean[c] * s);
  }
  return affine;
}

std::optional<Affine> affineOfBinary(const Rewriter& graph, const ir::Node& node, ValueId x,
                                     const Shape& out, int axis) {
  const auto* binary = node.as<ops::Binary>();
  if (!binary || binary->epilogue.fn != ops::UnaryFn::Identity) return std::nullopt;
  const bool first = node.inputs[0] == x;
  auto c = axisConstant(graph, node.inputs[first ? 1 : 0], out, axis);
  if (!c) return std::nullopt;
  const std::vector<double> zeros(c->size(), 0), ones(c->size(), 1);
  const auto negate = [](std::vector<double>& v) {
    for (double& d : v) d = -d;
  };
  switch (binary->fn) {
    case BinaryFn::Add:
      return Affine{ones, *c};
    case BinaryFn::Mul:
      return Affine{*c, zeros};
    case BinaryFn::Sub: {
      if (!first) return Affine{std::vector<double>(c->size(), -1), *c};
      negate(*c);
      return Affine{ones, *c};
    }
    case BinaryFn::Div:
      if (!first) return std::nullopt;
      for (double& d : *c) d = 1 / d;
      return Affine{*c, zeros};
    default:
      return std::nullopt;
  }
}

/// An affine function of one node's result, by channel along `axis` of `out`.
std::optional<Affine> affineOf(const Rewriter& graph, int n, ValueId x, const Shape& out,
                               int axis) {
  const ir::Node& node = graph.node(n);
  if (node.outputs.size() != 1 || node.outputs[0] == kNoValue ||
      graph.value(node.outputs[0]).type != graph.value(x).type)
    return std::nullopt;
  auto affine = affineOfNorm(graph, node, out, axis);
  return affine ? affine : affineOfBinary(graph, node, x, out, axis);
}

/// Takes the affine functions that follow node n into `all`, and returns how many they are.
int takeFollowing(const Rewriter& graph, int n, int axis, Affine& all) {
  const Shape& out = outputShape(graph, n);
  int count = 0;
  for (int reader = graph.onlyReader(n), last = n; reader >= 0;
       last = reader, reader = graph.onlyReader(reader), ++count) {
    const auto next = affineOf(graph, reader, graph.node(last).outputs[0], out, axis);
    if (!next) break;
    for (size_t c = 0; c < all.scale.size(); ++c) {
      all.scale[c] *= next->scale[c];
      all.shift[c] = all.shift[c] * next->scale[c] + next->shift[c];
    }
  }
  return count;
}

Affine identityOf(int64_t channels) {
  const auto n = static_cast<size_t>(channels);
  return {std::vector<double>(n, 1), std::vector<double>(n, 0)};
}

bool finite(const std::vector<float>& list) {
  return std::ranges::all_of(list, [](float x) { return std::isfinite(x); });
}

bool foldBatchNormAt(Rewriter& graph, int n, sizes::Budget& budget) {
  if (!isBareLinear(graph, n)) return false;
  const std::vector<int64_t> channelOf = channelOfWeights(graph, n);
  const ir::Node& node = graph.node(n);
  const ValueId bias = node.inputs.size() > 2 ? node.inputs[2] : kNoValue;
  const auto oldBias = constantFloats(graph, bias);
  if (channelOf.empty() || (bias != kNoValue && oldBias.empty())) return false;
  const int axis = outputAxis(graph, n);
  Affine affine = identityOf(outputShape(graph, n)[axis]);
  const int count = takeFollowing(graph, n, axis, affine);
  if (count == 0) return false;

  // Operators that share weights get weights of their own.
  const auto oldWeights = constantFloats(graph, node.inputs[1]);
  if (!sizes::Budget::spend(budget.bytes, static_cast<int64_t>(oldWeights.size_bytes())))
    return false;
  std::vector<float> weights(oldWeights.size()), shift(affine.shift.size());
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<float>(oldWeights[i] * affine.scale[channelOf[i]]);
  for (size_t c = 0; c < shift.size(); ++c) {
    const double before = oldBias.empty() ? 0.0 : oldBias[c];
    shift[c] = static_cast<float>(before * affine.scale[c] + affine.shift[c]);
  }
  if (!finite(weights) || !finite(shift)) return false;
  const ir::Value& old = graph.value(node.inputs[1]);
  const ir::Name name = old.name;
  const Shape shape = old.type.shape;
  std::vector<ValueId> inputs = node.inputs;
  inputs.resize(3);
  inputs[1] = graph.addFloats(name, shape, weights);
  inputs[2] = graph.addFloats(name + "_bias", {static_cast<int64_t>(shift.size())}, shift);
  for (int i = 0; i < count; ++i) graph.absorbReader(n);
  graph.setInputs(n, std::move(inputs));
  return true;
}

/// The value that an affine function of channels starts from: of its two operands the one that is
/// no constant.
ValueId variableInput(const Rewriter& graph, const ir::Node& node) {
  if (node.inputs.empty() || node.inputs[0] == kNoValue) return kNoValue;
  const bool second = node.as<ops::Binary>() && graph.value(node.inputs[0]).isConstant();
  return node.inputs[second ? 1 : 0];
}

/// Batch normalisation says which axis has the channels; a sum or product does only if its constant
/// has several.
bool namesChannels(const Rewriter& graph, const ir::Node& node) {
  if (node.as<ops::BatchNormalization>()) return true;
  return node.as<ops::Binary>() && (constantFloats(graph, node.inputs[0]).size() > 1 ||
                                    constantFloats(graph, node.inputs[1]).size() > 1);
}

std::unique_ptr<ops::Conv> depthwiseTap(int64_t channels, int spatial) {
  auto conv = std::make_unique<ops::Conv>();
  conv->kernel.assign(static_cast<size_t>(spatial), 1);
  conv->strides = conv->dilations = conv->kernel;
  conv->padsBegin.assign(static_cast<size_t>(spatial), 0);
  conv->padsEnd = conv->padsBegin;
  conv->groups = channels;
  return conv;
}

/// A chain of affine functions that starts at node n, and is worth it, as a depthwise convolution.
bool becomeDepthwise(Rewriter& graph, int n) {
  if (graph.node(n).outputs.empty()) return false;
  const ValueId x = variableInput(graph, graph.node(n));
  if (x == kNoValue || graph.value(x).isConstant()) return false;
  const TensorType type = graph.value(x).type;
  if (type.type != DataType::Float32 || type.shape.rank() < 3 || type.shape.rank() > 4)
    return false;
  if (type.shape.elements() == 0) return false;  // a window does not fit
  for (int axis = 1; axis < type.shape.rank(); ++axis)
    if (graph.dataSizes().of(x)[axis] != 0) return false;  // a convolution wants to know them
  if (!namesChannels(graph, graph.node(n)))
    return false;  // a file may have 2^30 of them and a scalar
  auto affine = affineOf(graph, n, x, type.shape, 1);
  if (!affine) return false;
  const int count = takeFollowing(graph, n, 1, *affine);
  if (count == 0 && !graph.node(n).as<ops::BatchNormalization>()) return false;
  const std::vector<float> scale(affine->scale.begin(), affine->scale.end());
  const std::vector<float> shift(affine->shift.begin(), affine->shift.end());
  if (!finite(scale) || !finite(shift)) return false;
  const int64_t channels = type.shape[1];
  Shape shape = Shape::ofRank(type.shape.rank());
  shape[0] = channels;
  const ir::Name name = graph.node(n).name;
  const ValueId weights = graph.addFloats(name + "_scale", shape, scale);
  const ValueId bias = graph.addFloats(name + "_shift", {channels}, shift);
  for (int i = 0; i < count; ++i) graph.absorbReader(n);
  graph.replace(n, depthwiseTap(channels, type.shape.rank() - 2), {x, weights, bias},
                graph.node(n).source);
  return true;
}

}  // namespace

Result<int> foldBatchNorm(ir::Graph& graph, sizes::Budget& budget) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) changes += foldBatchNormAt(rewriter, n, budget);
  for (int n = 0; n < rewriter.nodes(); ++n) changes += becomeDepthwise(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
