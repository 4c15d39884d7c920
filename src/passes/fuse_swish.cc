// fuse-swish: products of a value and a function of it: Swish, HardSwish, Mish, and HardSigmoid
// spelled out as clip(x + 3, 0, 6) / 6.
#include "passes/match.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;
using ops::UnaryFn;

/// x of clip(x + c, 0, most), with c and most.
struct ShiftedClip {
  ValueId x = kNoValue;
  double shift = 0, most = 0;
};
std::optional<ShiftedClip> shiftedClip(const Rewriter& graph, ValueId id) {
  const ValueId sum = inputOf(graph, id, UnaryFn::Clip);
  if (sum == kNoValue) return std::nullopt;
  const auto* clip = graph.producedBy<ops::Unary>(id);
  const auto shifted = shiftedBy(graph, sum);
  if (!shifted || clip->alpha != 0 || !(clip->beta > 0)) return std::nullopt;
  return ShiftedClip{shifted->first, shifted->second, clip->beta};
}

/// clip(x + a, 0, h) / h is a hard sigmoid.
bool fuseHardSigmoid(Rewriter& graph, int n, const Product& product) {
  if (product.factors.size() != 1) return false;
  const auto clip = shiftedClip(graph, product.factors[0]);
  if (!clip || !near(product.scale * clip->most, 1)) return false;
  return becomeUnary(graph, n, clip->x, UnaryFn::HardSigmoid, static_cast<float>(product.scale),
                     static_cast<float>(product.scale * clip->shift));
}

/// x * sigmoid(alpha * x)
bool fuseSigmoid(Rewriter& graph, int n, ValueId x, ValueId gate) {
  const ValueId inner = inputOf(graph, gate, UnaryFn::Sigmoid);
  if (inner == kNoValue) return false;
  if (inner == x) return becomeUnary(graph, n, x, UnaryFn::Swish, 1.0f);
  const Product scaled = factorsOf(graph, inner);
  return scaled.factors == std::vector{x} &&
         becomeUnary(graph, n, x, UnaryFn::Swish, static_cast<float>(scaled.scale));
}

/// x * hardSigmoid(x) of slope 1/6, or x * clip(x + 3, 0, 6) times 1/6
bool fuseHardSwish(Rewriter& graph, int n, ValueId x, ValueId gate, double scale) {
  const auto clip = shiftedClip(graph, gate);
  bool fits =
      clip && clip->x == x && near(clip->shift, 3) && near(clip->most, 6) && near(scale, 1.0 / 6);
  if (inputOf(graph, gate, UnaryFn::HardSigmoid) == x) {
    const auto* sigmoid = graph.producedBy<ops::Unary>(gate);
    fits = scale == 1 && near(sigmoid->alpha, 1.0 / 6) && near(sigmoid->beta, 0.5);
  }
  return fits && becomeUnary(graph, n, x, UnaryFn::HardSwish);
}

/// x * tanh(softplus(x))
bool fuseMish(Rewriter& graph, int n, ValueId x, ValueId gate) {
  const ValueId inner = inputOf(graph, gate, UnaryFn::Tanh);
  return inner != kNoValue && inputOf(graph, inner, UnaryFn::Softplus) == x &&
         becomeUnary(graph, n, x, UnaryFn::Mish);
}

bool fuseSwishAt(Rewriter& graph, int n) {
  if (graph.node(n).outputs.empty() || !graph.node(n).as<ops::Binary>()) return false;
  const Product product = factorsOf(graph, graph.node(n).outputs[0]);
  return fuseHardSigmoid(graph, n, product) || eitherWay(product, [&](ValueId x, ValueId gate) {
           return fuseHardSwish(graph, n, x, gate, product.scale) ||
                  (product.scale == 1 &&
                   (fuseSigmoid(graph, n, x, gate) || fuseMish(graph, n, x, gate)));
         });
}

}  // namespace

Result<int> fuseSwish(ir::Graph& graph, sizes::Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) changes += fuseSwishAt(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
