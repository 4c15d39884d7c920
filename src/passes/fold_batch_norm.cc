// fold-batch-norm: batch normalisation, and sums and products with a constant a channel, go into
// the weights and bias of the linear operator before them. A whole chain is folded in double
// precision and rounded once.
#include "ops/batch_normalization.h"
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

/// The affine functions that follow node n, as one; `count` is how many.
Affine followingAffine(const Rewriter& graph, int n, int& count) {
  const Shape& out = outputShape(graph, n);
  const int axis = outputAxis(graph, n);
  const auto channels = static_cast<size_t>(out[axis]);
  Affine all{std::vector<double>(channels, 1), std::vector<double>(channels, 0)};
  for (int reader = graph.onlyReader(n), last = n; reader >= 0;
       last = reader, reader = graph.onlyReader(reader)) {
    const ir::Node& node = graph.node(reader);
    const ValueId x = graph.node(last).outputs[0];
    if (node.outputs.size() != 1 || graph.value(node.outputs[0]).type != graph.value(x).type) break;
    auto next = affineOfNorm(graph, node, out, axis);
    if (!next) next = affineOfBinary(graph, node, x, out, axis);
    if (!next) break;
    for (size_t c = 0; c < channels; ++c) {
      all.scale[c] *= next->scale[c];
      all.shift[c] = all.shift[c] * next->scale[c] + next->shift[c];
    }
    ++count;
  }
  return all;
}

bool finite(const std::vector<float>& list) {
  return std::ranges::all_of(list, [](float x) { return std::isfinite(x); });
}

bool fold(Rewriter& graph, int n) {
  if (!isBareLinear(graph, n)) return false;
  const std::vector<int64_t> channelOf = channelOfWeights(graph, n);
  const ir::Node& node = graph.node(n);
  const ValueId bias = node.inputs.size() > 2 ? node.inputs[2] : kNoValue;
  const auto oldBias = constantFloats(graph, bias);
  if (channelOf.empty() || (bias != kNoValue && oldBias.empty())) return false;
  int count = 0;
  const Affine affine = followingAffine(graph, n, count);
  if (count == 0) return false;

  const auto oldWeights = constantFloats(graph, node.inputs[1]);
  std::vector<float> weights(oldWeights.size()), shift(affine.shift.size());
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<float>(oldWeights[i] * affine.scale[channelOf[i]]);
  for (size_t c = 0; c < shift.size(); ++c) {
    const double before = oldBias.empty() ? 0.0 : oldBias[c];
    shift[c] = static_cast<float>(before * affine.scale[c] + affine.shift[c]);
  }
  if (!finite(weights) || !finite(shift)) return false;
  const ir::Value& old = graph.value(node.inputs[1]);
  const std::string name = old.name;
  const Shape shape = old.type.shape;
  std::vector<ValueId> inputs = node.inputs;
  inputs.resize(3);
  inputs[1] = graph.addFloats(name, shape, weights);
  inputs[2] = graph.addFloats(name + "_bias", {static_cast<int64_t>(shift.size())}, shift);
  for (int i = 0; i < count; ++i) graph.absorbReader(n);
  graph.setInputs(n, std::move(inputs));
  return true;
}

}  // namespace

Result<int> foldBatchNorm(ir::Graph& graph) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) changes += fold(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
