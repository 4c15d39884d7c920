// fold-constants: computed weights become weights, however large; other constants do not swell the
// file.
#include <gtest/gtest.h>

#include "ops/conv.h"
#include "ops/expand.h"
#include "passes/pass_list.h"

namespace minnow::passes {
namespace {

ir::ValueId append(ir::Graph& graph, std::unique_ptr<ops::Operator> op,
                   std::vector<ir::ValueId> inputs) {
  ir::Node node{"node", std::move(op), std::move(inputs), {}};
  const auto types = node.op->inferShape(graph.inputTypes(node));
  EXPECT_TRUE(types) << types.error().message;
  node.outputs = {graph.addValue({"value", (*types)[0]})};
  graph.nodes.push_back(std::move(node));
  return graph.nodes.back().outputs[0];
}

/// One float expanded to 64x64x3x3 (147 KB).
ir::ValueId expanded(ir::Graph& graph) {
  auto expand = std::make_unique<ops::Expand>();
  expand->shape = {64, 64, 3, 3};
  const float value = 0.25f;
  return append(graph, std::move(expand), {graph.addFloats("one", {1, 1, 1, 1}, {&value, 1})});
}

TEST(FoldConstants, ComputedWeightsAreFoldedAndPacked) {
  ir::Graph graph;
  const auto x = graph.addValue({"x", {DataType::Float32, {1, 64, 8, 8}}});
  graph.inputs = {x};
  auto conv = std::make_unique<ops::Conv>();
  conv->kernel = {3, 3};
  conv->strides = conv->dilations = {1, 1};
  conv->padsBegin = conv->padsEnd = {1, 1};
  graph.outputs = {append(graph, std::move(conv), {x, expanded(graph)})};
  graph.outputNames = {"y"};
  ASSERT_TRUE(runPasses(graph, {}));
  ASSERT_EQ(graph.nodes.size(), 1U);
  EXPECT_EQ(graph.values[graph.nodes[0].inputs[1]].packing, Packing::F32x16);
}

TEST(FoldConstants, OtherConstantsDoNotSwellTheFile) {
  ir::Graph graph;
  graph.outputs = {expanded(graph)};
  graph.outputNames = {"y"};
  ASSERT_TRUE(runPasses(graph, {}));
  EXPECT_EQ(graph.nodes.size(), 1U);
}

}  // namespace
}  // namespace minnow::passes
