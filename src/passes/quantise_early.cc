// quantise-early: rounds to bytes before elements are moved, not after it: a quarter of the bytes move.
// Exporters rearrange pixels (Focus) before the first convolution's QuantizeLinear.
#include <algorithm>

#include "ops/quantize.h"
#include "passes/match.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::ValueId;

/// True of a scale that fits any shape. One block of all elements fits its own shape alone.
bool isOneNumber(const Shape& scale) { return scale.elements() == 1 && scale.rank() <= 1; }

/// True of a QuantizeLinear that has one scale and one zero point, so that it may stand anywhere.
bool isSameEverywhere(const Rewriter& graph, const ir::Node& node) {
  return node.as<ops::QuantizeLinear>() && node.settings.empty() &&
         std::all_of(node.inputs.begin() + 1, node.inputs.end(), [&](ValueId id) {
           return id == ir::kNoValue ||
                  (graph.value(id).isConstant() && isOneNumber(graph.value(id).type.shape));
         });
}

/// True of a node whose one result is its input 0, moved, for one reader, and no smaller than it. Constants
/// are left to fold-constants, which knows what makes a file larger.
bool movesForOne(const Rewriter& graph, int n) {
  const ir::Node& node = graph.node(n);
  if (!node.settings.empty() || node.outputs.size() != 1 || graph.onlyReader(n) < 0 ||
      !node.op->movesElements(0))
    return false;
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (node.op->movesElements(static_cast<int>(i))) return false;
  const TensorType& from = graph.value(node.inputs[0]).type;
  const TensorType& to = graph.value(node.outputs[0]).type;
  return !graph.value(node.inputs[0]).isConstant() && from.type == to.type &&
         from.shape.elements() <= to.shape.elements();
}

/// The node before a QuantizeLinear and it change places.
bool swapWithMove(Rewriter& graph, int n) {
  if (!isSameEverywhere(graph, graph.node(n))) return false;
  const ValueId between = graph.node(n).inputs[0];
  const int source = graph.producer(between);
  if (source < 0 || !movesForOne(graph, source)) return false;
  auto quantise = graph.node(n).op->clone();
  std::vector<ValueId> moved = graph.node(source).inputs, rounded = graph.node(n).inputs;
  rounded[0] = std::exchange(moved[0], between);
  const TensorType result = graph.value(graph.node(n).outputs[0]).type;
  const TensorType bytes{result.type, graph.value(rounded[0]).type.shape};
  std::vector<TensorType> types = graph.graph().inputTypes(graph.node(source));
  types[0] = bytes;
  const auto given = graph.node(source).op->inferShape(types);
  if (!given || given->front() != result) return false;
  graph.replace(n, graph.node(source).op->clone(), moved, graph.node(source).source);
  graph.replace(source, std::move(quantise), rounded, "QuantizeLinear");
  graph.becomeAnother(between, bytes);  // the model's own is float32, and moved
  return true;
}

}  // namespace

Result<int> quantiseEarly(ir::Graph& graph, sizes::Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = rewriter.nodes(); n-- > 0;) changes += swapWithMove(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
