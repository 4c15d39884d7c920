// Small questions that patterns are made of. None changes the graph.
#pragma once

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "ops/binary.h"
#include "ops/unary.h"
#include "passes/rewriter.h"

namespace minnow::passes {

inline bool near(double a, double b) { return std::abs(a - b) <= 1e-5 * std::abs(b); }

/// A node's input, or kNoValue where it is left out.
inline ir::ValueId inputAt(const ir::Node& node, size_t i) {
  return i < node.inputs.size() ? node.inputs[i] : ir::kNoValue;
}

/// Elements of a row-major float32 constant; empty for anything else, and for one that follows from
/// the extents of the inputs.
std::span<const float> constantFloats(const Rewriter& graph, ir::ValueId id);

/// A float32 constant of one element.
std::optional<double> scalarConstant(const Rewriter& graph, ir::ValueId id);

/// A float32 constant that, broadcast to `out`, varies along `axis` alone: its value at each place
/// of that axis.
std::optional<std::vector<double>> axisConstant(const Rewriter& graph, ir::ValueId id,
                                                const Shape& out, int axis);

/// The function `fn`, without an epilogue, that gives a float32 value as its result; else null.
const ops::Binary* binaryOf(const Rewriter& graph, ir::ValueId id, ops::BinaryFn fn);
/// The input of the unary function `fn` that gives this value, or kNoValue.
ir::ValueId inputOf(const Rewriter& graph, ir::ValueId id, ops::UnaryFn fn);

/// The two inputs of the node that gives a value.
std::pair<ir::ValueId, ir::ValueId> operands(const Rewriter& graph, ir::ValueId id);

/// The value x and scalar c of x + c or x - (-c); nullopt for anything else.
std::optional<std::pair<ir::ValueId, double>> shiftedBy(const Rewriter& graph, ir::ValueId id);

/// A value as a product of values and a number: multiplications, and divisions by scalars, that
/// only this product reads are multiplied out.
struct Product {
  double scale = 1;
  std::vector<ir::ValueId> factors;
};
Product factorsOf(const Rewriter& graph, ir::ValueId id);

/// For a product of two factors, calls fn(x, gate) both ways round until one returns true.
template <class F>
bool eitherWay(const Product& product, F&& fn) {
  return product.factors.size() == 2 &&
         (fn(product.factors[0], product.factors[1]) || fn(product.factors[1], product.factors[0]));
}

/// Makes a node the unary function of x, if that has the result's type.
bool becomeUnary(Rewriter& graph, int n, ir::ValueId x, ops::UnaryFn fn, float alpha = 0,
                 float beta = 0);

}  // namespace minnow::passes
