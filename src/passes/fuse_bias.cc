// fuse-bias: a constant added to a linear operator without a bias becomes its bias, whether its
// weights are constant (which fold-batch-norm does too) or computed.
#include "passes/linear.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

bool fuseBiasAt(Rewriter& graph, int n) {
  if (!isBareLinear(graph, n)) return false;
  const ir::Node& node = graph.node(n);
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) return false;
  const int reader = graph.onlyReader(n);
  if (reader < 0 || graph.node(reader).outputs.size() != 1) return false;
  const ValueId mine = node.outputs[0], sum = graph.node(reader).outputs[0];
  if (!binaryOf(graph, sum, ops::BinaryFn::Add) || graph.value(sum).type != graph.value(mine).type)
    return false;
  const auto [a, b] = operands(graph, sum);
  const auto added =
      axisConstant(graph, a == mine ? b : a, outputShape(graph, n), outputAxis(graph, n));
  if (!added) return false;
  const std::vector<float> bias(added->begin(), added->end());
  std::vector<ValueId> inputs = node.inputs;
  inputs.resize(3);
  inputs[2] =
      graph.addFloats(graph.node(n).name + "_bias", {static_cast<int64_t>(bias.size())}, bias);
  graph.absorbReader(n);
  graph.setInputs(n, std::move(inputs));
  return true;
}

}  // namespace

Result<int> fuseBias(ir::Graph& graph, sizes::Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) changes += fuseBiasAt(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
