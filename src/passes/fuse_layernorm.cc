// fuse-layernorm: (x - mean) / sqrt(mean((x - mean)^2) + epsilon), with the scale and bias that may
// follow, as exporters spell layer normalisation before opset 17.
#include "ops/layer_normalization.h"
#include "ops/reduce.h"
#include "passes/match.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;
using ops::BinaryFn;

/// The input of a mean over the last axes, and the first of them.
struct Mean {
  ValueId x = kNoValue;
  int64_t axis = 0;
};
std::optional<Mean> meanOf(const Rewriter& graph, ValueId id) {
  const auto* reduce = graph.producedBy<ops::Reduce>(id);
  if (!reduce || reduce->fn != ops::ReduceFn::Mean || !reduce->keepDims || reduce->axes.empty())
    return std::nullopt;
  const ValueId x = graph.node(graph.producer(id)).inputs[0];
  std::vector<int64_t> axes = reduce->axes;
  std::ranges::sort(axes);
  const int64_t rank = graph.value(x).type.shape.rank();
  for (int64_t axis : axes)
    if (graph.dataSizes().of(x)[axis] != 0) return std::nullopt;
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] != rank - static_cast<int64_t>(axes.size() - i)) return std::nullopt;
  return Mean{x, axes[0]};
}

/// x - mean(x)
std::optional<Mean> centred(const Rewriter& graph, ValueId id) {
  if (!binaryOf(graph, id, BinaryFn::Sub)) return std::nullopt;
  const auto [x, m] = operands(graph, id);
  const auto mean = meanOf(graph, m);
  return mean && mean->x == x ? mean : std::nullopt;
}

/// The base of a square, spelled as a power or as a product.
ValueId squareOf(const Rewriter& graph, ValueId id) {
  const bool power = binaryOf(graph, id, BinaryFn::Pow) != nullptr;
  if (!power && !binaryOf(graph, id, BinaryFn::Mul)) return kNoValue;
  const auto [a, b] = operands(graph, id);
  const bool square = power ? scalarConstant(graph, b) == 2.0 : a == b;
  return square ? a : kNoValue;
}

struct Normalised {
  Mean mean;
  double epsilon = 0;
};
/// The quotient (x - mean) / sqrt(variance + epsilon).
std::optional<Normalised> normalised(const Rewriter& graph, ValueId id) {
  if (!binaryOf(graph, id, BinaryFn::Div)) return std::nullopt;
  const auto [numerator, root] = operands(graph, id);
  const auto mean = centred(graph, numerator);
  const ValueId sum = inputOf(graph, root, ops::UnaryFn::Sqrt);
  if (!mean || sum == kNoValue) return std::nullopt;
  const auto shifted = shiftedBy(graph, sum);
  if (!shifted) return std::nullopt;
  const auto variance = meanOf(graph, shifted->first);
  if (!variance || variance->axis != mean->axis) return std::nullopt;
  const ValueId base = squareOf(graph, variance->x);
  if (base == kNoValue) return std::nullopt;
  const auto again = centred(graph, base);
  if (!again || again->x != mean->x || again->axis != mean->axis) return std::nullopt;
  return Normalised{*mean, shifted->second};
}

/// If the node's only reader is `fn` with a constant that keeps the result's type, that constant;
/// and n moves on.
ValueId followingConstant(Rewriter& graph, int& n, BinaryFn fn) {
  const int reader = graph.onlyReader(n);
  if (reader < 0 || !binaryOf(graph, graph.node(reader).outputs[0], fn)) return kNoValue;
  const ValueId result = graph.node(reader).outputs[0], mine = graph.node(n).outputs[0];
  const auto [a, b] = operands(graph, result);
  const ValueId other = a == mine ? b : a;
  if (constantFloats(graph, other).empty() || graph.value(result).type != graph.value(mine).type)
    return kNoValue;
  n = reader;
  return other;
}

bool fuseLayerNormAt(Rewriter& graph, int n) {
  if (graph.node(n).outputs.empty() || graph.node(n).outputs[0] == kNoValue) return false;
  const auto found = normalised(graph, graph.node(n).outputs[0]);
  if (!found) return false;
  ValueId scale = followingConstant(graph, n, BinaryFn::Mul);
  const ValueId bias = scale == kNoValue ? kNoValue : followingConstant(graph, n, BinaryFn::Add);
  if (scale == kNoValue) {
    const float one = 1;
    scale = graph.addFloats(graph.node(n).name + "_one", {1}, {&one, 1});
  }
  auto op = std::make_unique<ops::LayerNormalization>();
  op->axis = found->mean.axis;
  op->epsilon = static_cast<float>(found->epsilon);
  std::vector<ValueId> inputs{found->mean.x, scale};
  if (bias != kNoValue) inputs.push_back(bias);
  graph.replace(n, std::move(op), std::move(inputs), "LayerNormalization");
  return true;
}

}  // namespace

Result<int> fuseLayerNorm(ir::Graph& graph, sizes::Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) changes += fuseLayerNormAt(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
