// remove-identity: operators that hand their input on unchanged, and pairs that undo each other.
// What is one only for the converted shapes (a slice of the whole, a reshape to the same) stays:
// inputs can be resized.
#include "ops/transpose.h"
#include "passes/pass.h"
#include "passes/rewriter.h"

namespace minnow::passes {
namespace {

using ir::ValueId;

bool isIdentity(const Rewriter& graph, const ir::Node& node) {
  if (node.inputs.empty() || node.outputs.size() != 1 || !node.settings.empty()) return false;
  if (graph.value(node.inputs[0]).type != graph.value(node.outputs[0]).type) return false;
  return node.op->isIdentity(graph.graph().inputTypes(node));
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

}  // namespace

Result<int> removeIdentity(ir::Graph& graph, sizes::Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) {
    if (rewriter.node(n).outputs.empty()) continue;
    changes += mergeTransposes(rewriter, n);
    if (isIdentity(rewriter, rewriter.node(n)))
      changes += rewriter.forward(n, rewriter.node(n).inputs[0]);
  }
  return changes;
}

}  // namespace minnow::passes
