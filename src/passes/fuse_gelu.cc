// fuse-gelu: x/2 * (1 + erf(x/sqrt 2)) and x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))),
// however the factors are ordered (Hendrycks and Gimpel, "Gaussian Error Linear Units").
#include <numbers>

#include "passes/match.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;
using ops::UnaryFn;

bool isScaled(const Rewriter& graph, ValueId id, ValueId x, double scale) {
  const Product product = factorsOf(graph, id);
  return product.factors == std::vector{x} && near(product.scale, scale);
}

/// 0.044715 x^3
bool isCubicTerm(const Rewriter& graph, ValueId id, ValueId x) {
  const Product product = factorsOf(graph, id);
  if (!near(product.scale, 0.044715)) return false;
  if (product.factors == std::vector{x, x, x}) return true;
  if (product.factors.size() != 1 || !binaryOf(graph, product.factors[0], ops::BinaryFn::Pow))
    return false;
  const auto [base, exponent] = operands(graph, product.factors[0]);
  return base == x && scalarConstant(graph, exponent) == 3.0;
}

/// sqrt(2/pi) * (x + 0.044715 x^3)
bool isTanhArgument(const Rewriter& graph, ValueId id, ValueId x) {
  const Product product = factorsOf(graph, id);
  if (product.factors.size() != 1 || !near(product.scale, std::sqrt(2 / std::numbers::pi)) ||
      !binaryOf(graph, product.factors[0], ops::BinaryFn::Add))
    return false;
  const auto [a, b] = operands(graph, product.factors[0]);
  return (a == x && isCubicTerm(graph, b, x)) || (b == x && isCubicTerm(graph, a, x));
}

bool fuseGeluAt(Rewriter& graph, int n) {
  if (graph.node(n).outputs.empty() || !graph.node(n).as<ops::Binary>()) return false;
  const Product product = factorsOf(graph, graph.node(n).outputs[0]);
  return near(product.scale, 0.5) && eitherWay(product, [&](ValueId x, ValueId gate) {
           const auto shifted = shiftedBy(graph, gate);
           if (!shifted || shifted->second != 1) return false;
           const ValueId erf = inputOf(graph, shifted->first, UnaryFn::Erf);
           if (erf != kNoValue && isScaled(graph, erf, x, std::numbers::sqrt2 / 2))
             return becomeUnary(graph, n, x, UnaryFn::Gelu);
           const ValueId tanh = inputOf(graph, shifted->first, UnaryFn::Tanh);
           return tanh != kNoValue && isTanhArgument(graph, tanh, x) &&
                  becomeUnary(graph, n, x, UnaryFn::GeluTanh);
         });
}

}  // namespace

Result<int> fuseGelu(ir::Graph& graph, sizes::Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) changes += fuseGeluAt(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
