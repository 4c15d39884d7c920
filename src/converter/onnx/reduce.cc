// Reductions: axes from the attribute or, by opset, from an input.
#include "ops/reduce.h"

#include <algorithm>

#include "converter/onnx/axes.h"
#include "converter/onnx/node_context.h"
#include "ops/arg_reduce.h"
#include "ops/cum_sum.h"

namespace minnow::converter {
namespace {

ops::ReduceFn functionNamed(const NodeContext& node) {
  for (int i = 0; i < static_cast<int>(ops::ReduceFn::kCount); ++i)
    if (node.type() == ops::reduceFnName(static_cast<ops::ReduceFn>(i)))
      return static_cast<ops::ReduceFn>(i);
  node.unsupported("this reduction");
}

/// Axes became an input with opset 13 for ReduceSum and 18 for the others.
std::vector<int64_t> givenAxes(const NodeContext& node) {
  const int inputSince = node.type() == "ReduceSum" ? 13 : 18;
  if (node.opset() < inputSince) return node.integers("axes");
  return node.inputs() > 1 && node.hasInput(1) ? node.constantInts(1) : std::vector<int64_t>{};
}

}  // namespace

void importReduce(NodeContext& node) {
  auto op = std::make_unique<ops::Reduce>();
  op->fn = functionNamed(node);
  op->axes = givenAxes(node);
  op->keepDims = node.integer("keepdims", 1) != 0;
  const bool none = op->axes.empty();
  if (none && node.integer("noop_with_empty_axes", 0) == 0)
    for (int axis = 0; axis < node.rank(0); ++axis) op->axes.push_back(axis);
  for (int64_t& axis : op->axes) axis = axisOf(node, axis, node.rank(0));
  std::ranges::sort(op->axes);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importArgReduce(NodeContext& node) {
  auto op = std::make_unique<ops::ArgReduce>();
  op->max = node.type() == "ArgMax";
  op->axis = axisOf(node, node.integer("axis", 0), node.rank(0));
  op->keepDims = node.integer("keepdims", 1) != 0;
  op->selectLast = node.integer("select_last_index", 0) != 0;
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importCumSum(NodeContext& node) {
  const auto axis = node.constantInts(1);
  if (axis.size() != 1) node.broken("the axis is not one number");
  auto op = std::make_unique<ops::CumSum>();
  op->axis = axisOf(node, axis[0], node.rank(0));
  op->exclusive = node.integer("exclusive", 0) != 0;
  op->reverse = node.integer("reverse", 0) != 0;
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
