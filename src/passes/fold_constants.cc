// fold-constants: nodes all of whose inputs are constants are computed by the scalar reference,
// once and for all.
#include <algorithm>

#include "passes/pass.h"
#include "passes/rewriter.h"
#include "sizes/evaluate.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

/// What a file may grow by for one folded node: an Expand of a constant is better left to the
/// engine, unless it makes weights, which kernels want packed.
constexpr size_t kMostGrowth = 64 * 1024;
constexpr size_t kMostWeightGrowth = size_t{512} << 20;

size_t bytesOf(const TensorType& type) {
  return static_cast<size_t>(type.shape.elements()) * elementSize(type.type);
}

/// By value: whether it is, or is computed into, the weights of some operator.
std::vector<char> becomesWeights(const ir::Graph& graph) {
  std::vector<char> marked(graph.values.size(), 0);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const ir::Node& node = graph.nodes[n];
    const bool passesOn = std::ranges::any_of(node.outputs, [&](ValueId id) {
      return id != kNoValue && marked[static_cast<size_t>(id)];
    });
    for (size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] != kNoValue && (passesOn || (i > 0 && node.op->facts().takesWeights)))
        marked[static_cast<size_t>(node.inputs[i])] = 1;
  }
  return marked;
}

bool foldable(const Rewriter& graph, const ir::Node& node, const std::vector<char>& weights) {
  size_t before = 0, after = 0;
  bool any = false, makesWeights = true, follows = !node.settings.empty();
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    const ir::Value& value = graph.value(id);
    if (!value.isConstant() || !value.isPlain()) return false;
    before += value.constant->bytes.size();
    follows = follows || !value.isFixed();
    any = true;
  }
  for (const ValueId id : node.outputs)
    if (id != kNoValue) {
      after += bytesOf(graph.value(id).type);
      makesWeights = makesWeights && weights[static_cast<size_t>(id)];
      // What follows from extents is a constant only where the size graph has it.
      if (follows && graph.value(id).size == kNoValue) return false;
    }
  return any && after <= before + (makesWeights ? kMostWeightGrowth : kMostGrowth);
}

/// False if the operator cannot be computed (an index out of range: running it will tell; or more
/// work than the budget has left: the engine computes it in each run), or if
/// its results are smaller than inferred, because their sizes depend on data and later nodes rely
/// on the inferred ones.
bool foldNode(Rewriter& graph, int n, sizes::Budget& budget) {
  const std::vector<ValueId> outputs = graph.node(n).outputs;
  const auto results =
      sizes::evaluate(graph.graph(), *graph.node(n).op, graph.node(n).inputs, budget);
  if (!results) return false;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] != kNoValue && (*results)[i].type != graph.value(outputs[i]).type) return false;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] != kNoValue) graph.becomeConstant(outputs[i], (*results)[i].constant);
  return true;
}

}  // namespace

Result<int> foldConstants(ir::Graph& graph, sizes::Budget& budget) {
  Rewriter rewriter(graph);
  const std::vector<char> weights = becomesWeights(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) {
    if (rewriter.node(n).outputs.empty() || !foldable(rewriter, rewriter.node(n), weights))
      continue;
    changes += foldNode(rewriter, n, budget);
  }
  return changes;
}

}  // namespace minnow::passes
