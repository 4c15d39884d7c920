// fold-constants: nodes all of whose inputs are constants are computed by the scalar reference,
// once and for all.
#include "passes/evaluate.h"
#include "passes/pass.h"
#include "passes/rewriter.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

/// What a file may grow by for one folded node: an Expand of a constant is better left to the
/// engine.
constexpr size_t kMostGrowth = 64 * 1024;

size_t bytesOf(const TensorType& type) {
  return static_cast<size_t>(type.shape.elements()) * elementSize(type.type);
}

bool foldable(const Rewriter& graph, const ir::Node& node) {
  size_t before = 0, after = 0;
  bool any = false;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    const ir::Value& value = graph.value(id);
    if (!value.isConstant() || value.layout != ir::Layout::Plain) return false;
    before += value.constant->bytes.size();
    any = true;
  }
  for (const ValueId id : node.outputs)
    if (id != kNoValue) after += bytesOf(graph.value(id).type);
  return any && after <= before + kMostGrowth;
}

/// False if the operator cannot be computed (an index out of range: running it will tell), or if
/// its results are smaller than inferred, because their sizes depend on data and later nodes rely
/// on the inferred ones.
bool fold(Rewriter& graph, int n) {
  const std::vector<ValueId> outputs = graph.node(n).outputs;
  const auto results = evaluate(graph.graph(), *graph.node(n).op, graph.node(n).inputs);
  if (!results) return false;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] != kNoValue && (*results)[i].type != graph.value(outputs[i]).type) return false;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] != kNoValue) graph.becomeConstant(outputs[i], (*results)[i].constant);
  return true;
}

}  // namespace

Result<int> foldConstants(ir::Graph& graph) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) {
    if (rewriter.node(n).outputs.empty() || !foldable(rewriter, rewriter.node(n))) continue;
    changes += fold(rewriter, n);
  }
  return changes;
}

}  // namespace minnow::passes
