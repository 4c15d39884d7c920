// fuse-activation: an elementwise function becomes the epilogue of the operator whose result it
// alone reads. A PRelu of one slope is a LeakyRelu.
#include "passes/match.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::ValueId;

bool simplifyPRelu(Rewriter& graph, int n) {
  const ir::Node& node = graph.node(n);
  if (node.outputs.empty() || !binaryOf(graph, node.outputs[0], ops::BinaryFn::PRelu)) return false;
  const auto slopes = constantFloats(graph, node.inputs[1]);
  if (slopes.empty()) return false;
  const float slope = slopes[0];
  if (std::ranges::any_of(slopes, [&](float s) { return s != slope; })) return false;
  return becomeUnary(graph, n, node.inputs[0], ops::UnaryFn::LeakyRelu, slope);
}

bool fuseActivationAt(Rewriter& graph, int n) {
  ir::Node& node = graph.node(n);
  ops::Epilogue* epilogue = node.op->fusedActivation();
  if (node.outputs.empty() || !epilogue || epilogue->fn != ops::UnaryFn::Identity) return false;
  const int reader = graph.onlyReader(n);
  if (reader < 0 || graph.value(node.outputs[0]).type.type != DataType::Float32) return false;
  const auto* unary = graph.node(reader).as<ops::Unary>();
  if (!unary || unary->fn >= ops::UnaryFn::kEpilogueCount) return false;
  *epilogue = {unary->fn, unary->alpha, unary->beta};
  graph.absorbReader(n);
  return true;
}

}  // namespace

Result<int> fuseActivation(ir::Graph& graph, sizes::Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) changes += simplifyPRelu(rewriter, n);
  for (int n = 0; n < rewriter.nodes(); ++n) changes += fuseActivationAt(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
