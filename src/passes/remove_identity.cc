// remove-identity: operators that hand their input on unchanged, and pairs that undo each other.
// What is one only for the converted shapes (a slice of the whole, a reshape to the same) goes only
// in models that cannot be resized.
#include "ops/expand.h"
#include "ops/reshape.h"
#include "ops/transpose.h"
#include "passes/pass.h"
#include "passes/rewriter.h"

namespace minnow::passes {
namespace {

using ir::ValueId;

/// True if a result holds the elements of input 0, row-major, in the same order, for the shapes at
/// hand: not where data decide them.
bool keepsOrder(const Rewriter& graph, const ir::Node& node) {
  if (node.inputs.empty() || node.outputs.size() != 1 || graph.dataSizes().concerns(node))
    return false;
  const Shape& from = graph.value(node.inputs[0]).type.shape;
  const Shape& to = graph.value(node.outputs[0]).type.shape;
  const auto view = node.op->viewOf(from, {plainStrides(from), 0}, 0);
  return view && view->offset == 0 && from.elements() == to.elements() &&
         TensorView{DataType::Float32, to, view->strides, nullptr}.isPlain();
}

bool isIdentity(const Rewriter& graph, const ir::Node& node, bool fixedShapes) {
  if (node.inputs.empty() || node.outputs.size() != 1) return false;
  if (graph.value(node.inputs[0]).type != graph.value(node.outputs[0]).type) return false;
  if (node.op->isIdentity(graph.graph().inputTypes(node))) return true;
  if (!fixedShapes || graph.dataSizes().concerns(node)) return false;
  return keepsOrder(graph, node) || node.as<ops::Expand>();  // that expands nothing here
}

/// Transpose of a transpose: one transpose with both permutations.
bool mergeTransposes(Rewriter& graph, int n) {
  const auto* second = graph.node(n).as<ops::Transpose>();
  if (!second) return false;
  const ValueId between = graph.node(n).inputs[0];
  const auto* first = graph.producedBy<ops::Transpose>(between);
  if (!first || !graph.readOnce(between)) return false;
  auto both = std::make_unique<ops::Transpose>();
  for (const int64_t axis : second->perm) both->perm.push_back(first->perm[axis]);
  const ir::Node& inner = graph.node(graph.producer(between));
  graph.replace(n, std::move(both), {inner.inputs[0]},
                joinSources(inner.source, graph.node(n).source));
  return true;
}

/// Reshaping twice: only the second counts if it names all extents or the model cannot be resized.
bool skipReshape(Rewriter& graph, int n, bool fixedShapes) {
  if (!fixedShapes || !keepsOrder(graph, graph.node(n))) return false;
  const ValueId between = graph.node(n).inputs[0];
  const int before = graph.producer(between);
  if (before < 0 || !keepsOrder(graph, graph.node(before)) || !graph.readOnce(between))
    return false;
  const Shape& shape = graph.value(graph.node(n).outputs[0]).type.shape;
  auto reshape = std::make_unique<ops::Reshape>();
  reshape->shape.assign(shape.begin(), shape.end());
  reshape->allowZero = true;
  const std::string source = joinSources(graph.node(before).source, graph.node(n).source);
  graph.replace(n, std::move(reshape), {graph.node(before).inputs[0]}, source);
  return true;
}

}  // namespace

Result<int> removeIdentity(ir::Graph& graph, Budget&) {
  const bool fixedShapes = !graph.foldedShapeNodes.empty();
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) {
    if (rewriter.node(n).outputs.empty()) continue;
    changes += mergeTransposes(rewriter, n) || skipReshape(rewriter, n, fixedShapes);
    if (isIdentity(rewriter, rewriter.node(n), fixedShapes))
      changes += rewriter.forward(n, rewriter.node(n).inputs[0]);
  }
  return changes;
}

}  // namespace minnow::passes
