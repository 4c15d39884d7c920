// quantise-early: what it swaps, that bits stay, and what it leaves alone.
#include "ops/depth_space.h"
#include "ops/quantize.h"
#include "ops/split.h"
#include "ops/transpose.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "passes/test_run.h"

namespace minnow::passes {

Result<int> quantiseEarly(ir::Graph&, sizes::Budget&);

namespace {

using ir::ValueId;

ops::Transpose turned() {
  ops::Transpose op;
  op.perm = {0, 2, 3, 1};
  return op;
}

ValueId quantised(GraphBuilder& b, ValueId x, std::vector<float> scales = {1 / 16.0F}) {
  ops::QuantizeLinear op;
  op.spread.axis = 3;
  const auto count = static_cast<int64_t>(scales.size());
  return b.add(op, {x, b.floats(count == 1 ? Shape{} : Shape{count}, std::move(scales))});
}

void finish(GraphBuilder& b, ValueId bytes) {
  b.output(b.add(ops::DequantizeLinear(), {bytes, b.scalar(1 / 16.0F)}));
}

int changesOf(ir::Graph& graph) {
  sizes::Budget budget;
  const auto changes = quantiseEarly(graph, budget);
  EXPECT_TRUE(changes && graph.verify());
  return changes.value_or(-1);
}

TEST(QuantiseEarly, ComesBeforeWhatMoves) {
  GraphBuilder b;
  ops::SpaceToDepth blocks;
  blocks.block = 2;
  const ValueId x = b.add(turned(), {b.add(blocks, {b.input({1, 3, 4, 6})})});
  finish(b, quantised(b, x));
  const ir::Graph before = b.graph.clone();
  EXPECT_EQ(changesOf(b.graph), 2);
  EXPECT_TRUE(b.graph.nodes[0].as<ops::QuantizeLinear>());
  EXPECT_EQ(b.graph.values[b.graph.nodes[2].inputs[0]].type.type, DataType::Uint8);
  expectSameResults(before, b.graph);
}

TEST(QuantiseEarly, StaysBehindWhatOthersRead) {
  GraphBuilder b;
  const ValueId x = b.add(turned(), {b.input({1, 3, 4, 6})});
  finish(b, quantised(b, x));
  b.output(x);
  EXPECT_EQ(changesOf(b.graph), 0);
}

TEST(QuantiseEarly, StaysWhereItsScalesLieAlongAnAxis) {
  GraphBuilder b;
  const ValueId x = b.add(turned(), {b.input({1, 3, 4, 6})});
  b.output(b.add(ops::DequantizeLinear(), {quantised(b, x, {1, 2, 3}), b.scalar(1)}));
  EXPECT_EQ(changesOf(b.graph), 0);
}

TEST(QuantiseEarly, StaysWhereItsOneBlockFitsNoOtherShape) {
  GraphBuilder b;
  ops::QuantizeLinear op;
  op.spread.axis = 0, op.spread.blockSize = 4;
  ops::Transpose turn;
  turn.perm = {1, 0};
  const ValueId x = b.add(turn, {b.input({1, 4})});
  finish(b, b.add(op, {x, b.floats({1, 1}, {1 / 16.0F})}));
  EXPECT_EQ(changesOf(b.graph), 0);
}

TEST(QuantiseEarly, StaysBehindASplitOfWhichOnePartIsAll) {
  GraphBuilder b;
  ops::Split op;
  op.axis = 1, op.sizes = {6, 0};
  const ValueId x = b.add(op, {b.input({2, 6})});
  b.graph.nodes.back().outputs.push_back(ir::kNoValue);
  finish(b, quantised(b, x));
  EXPECT_EQ(changesOf(b.graph), 0);
}

}  // namespace
}  // namespace minnow::passes
