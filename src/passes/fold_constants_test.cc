// fold-constants: computed weights become weights, however large; other constants do not swell the
// file; and nothing is computed that takes more than conversion may spend.
#include <gtest/gtest.h>

#include "ops/conv.h"
#include "ops/expand.h"
#include "ops/lrn.h"
#include "ops/pool.h"
#include "ops/resize.h"
#include "ops/roi_align.h"
#include "ops/select.h"
#include "passes/pass_list.h"

namespace minnow::passes {

Result<int> foldConstants(ir::Graph&, sizes::Budget&);

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
  EXPECT_EQ(graph.values[graph.nodes[0].inputs[1]].packing, Packing::F16x16)
      << "all are 0.25, which float16 holds";
}

TEST(FoldConstants, OtherConstantsDoNotSwellTheFile) {
  ir::Graph graph;
  graph.outputs = {expanded(graph)};
  graph.outputNames = {"y"};
  ASSERT_TRUE(runPasses(graph, {}));
  EXPECT_EQ(graph.nodes.size(), 1U);
}

ir::ValueId zeros(ir::Graph& graph, const Shape& shape, DataType type = DataType::Float32) {
  const std::vector<std::byte> bytes(static_cast<size_t>(shape.elements()) * elementSize(type));
  return graph.addConstant("zeros", {type, shape}, bytes);
}

std::unique_ptr<ops::Operator> widePool() {
  auto pool = std::make_unique<ops::Pool>();
  pool->kernel = {65536};
  pool->strides = pool->dilations = {1};
  pool->padsBegin = pool->padsEnd = {0};
  return pool;
}

std::unique_ptr<ops::Operator> wideLrn() {
  auto lrn = std::make_unique<ops::Lrn>();
  lrn->size = 1 << 20;
  return lrn;
}

std::unique_ptr<ops::Operator> smoothResize() {
  auto resize = std::make_unique<ops::Resize>();
  resize->mode = ops::ResizeMode::Cubic;
  resize->antialias = true;
  resize->sizes.assign(8, 2);
  return resize;
}

std::unique_ptr<ops::Operator> denseRoiAlign() {
  auto align = std::make_unique<ops::RoiAlign>();
  align->outputHeight = align->outputWidth = 16;
  align->samplingRatio = ops::RoiAlign::kMaxSamples;
  return align;
}

std::unique_ptr<ops::Operator> keepAll() {
  auto suppress = std::make_unique<ops::NonMaxSuppression>();
  suppress->mostPerClass = 1 << 16;
  suppress->iouThreshold = 1;
  return suppress;
}

// Tensors that are small, and an operator that reads their elements 2^32 times.
TEST(FoldConstants, WorkIsCountedByWhatIsRead) {
  ir::Graph graph;
  append(graph, widePool(), {zeros(graph, {1, 1, 131071})});
  append(graph, wideLrn(), {zeros(graph, {1, 65536})});
  append(graph, smoothResize(), {zeros(graph, {4, 4, 4, 4, 4, 4, 4, 4})});
  append(graph, denseRoiAlign(),
         {zeros(graph, {1, 1, 2, 2}), zeros(graph, {1, 4}), zeros(graph, {1}, DataType::Int64)});
  append(graph, keepAll(), {zeros(graph, {1, 65536, 4}), zeros(graph, {1, 1, 65536})});
  for (const ir::Node& node : graph.nodes) graph.outputs.push_back(node.outputs[0]);
  sizes::Budget budget;
  EXPECT_EQ(foldConstants(graph, budget).value(), 0);
}

}  // namespace
}  // namespace minnow::passes
