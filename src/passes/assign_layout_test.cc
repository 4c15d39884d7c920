// assign-layout and pack-weights.
#include "ops/relayout.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"

namespace minnow::passes {

Result<int> assignLayout(ir::Graph&, sizes::Budget&);
Result<int> packWeights(ir::Graph&, sizes::Budget&);

namespace {

using ops::BinaryFn;

ops::StorageOrder orderOf(const ir::Graph& graph, ir::ValueId id) { return graph.values[id].order; }

TEST(AssignLayout, ImagesAndFeatureMapsAreChannelsLast) {
  GraphBuilder b;
  const auto x = b.input({1, 3, 6, 6});
  const auto y = b.add(convOf(3, 1, 1), {x, b.random({4, 3, 3, 3})});
  b.output(b.add(unary(ops::UnaryFn::Relu), {y}));
  EXPECT_EQ(after(b.graph, assignLayout), "Conv Relu");
  for (const ir::ValueId id : {b.graph.inputs[0], b.graph.outputs[0]})
    EXPECT_EQ(orderOf(b.graph, id), ops::StorageOrder::ChannelsLast);
}

TEST(AssignLayout, AnImageThatIsInterleavedByTheModelStays) {
  GraphBuilder b;
  const auto x = b.add(transpose({0, 3, 1, 2}), {b.input({1, 6, 6, 3})});
  b.output(b.add(convOf(1, 1, 0), {x, b.random({4, 3, 1, 1})}));
  EXPECT_EQ(after(b.graph, assignLayout), "Transpose Conv");
  EXPECT_EQ(orderOf(b.graph, b.graph.inputs[0]), ops::StorageOrder::Plain);
}

TEST(AssignLayout, ComputedMapsInRowMajorOrderAreConvertedOnce) {
  GraphBuilder b;
  ops::Reshape reshape;
  reshape.shape = {1, 3, 4, 4};
  const auto x = b.add(reshape, {b.add(ops::MatMul(), {b.input({3, 8}), b.random({8, 16})})});
  const auto y = b.add(convOf(1, 1, 0), {x, b.random({4, 3, 1, 1})});
  const auto z = b.add(convOf(3, 1, 1), {x, b.random({4, 3, 3, 3})});
  b.output(b.add(binary(BinaryFn::Add), {y, z}));
  EXPECT_EQ(after(b.graph, assignLayout), "MatMul Reshape Relayout Conv Conv Add");
}

TEST(AssignLayout, ConstantMapsAreReorderedAtConversion) {
  GraphBuilder b;
  const auto y = b.add(convOf(1, 1, 0), {b.input({1, 3, 4, 4}), b.random({4, 3, 1, 1})});
  b.output(b.add(binary(BinaryFn::Add), {y, b.random({4, 4, 4})}));
  EXPECT_EQ(after(b.graph, assignLayout), "Conv Add");
  const ir::ValueId c = b.graph.nodes[1].inputs[1];
  EXPECT_EQ(orderOf(b.graph, c), ops::StorageOrder::ChannelsLast);
  EXPECT_EQ(b.graph.values[c].type.shape, (Shape{1, 4, 4, 4}));
}

TEST(AssignLayout, DetectionHeadsEndInViews) {
  GraphBuilder b;
  const auto y = b.add(convOf(1, 1, 0), {b.input({1, 3, 4, 5}), b.random({6, 3, 1, 1})});
  ops::Reshape reshape;
  reshape.shape = {1, 6, -1};
  b.output(b.add(transpose({0, 2, 1}), {b.add(reshape, {y})}));
  EXPECT_EQ(after(b.graph, assignLayout), "Conv Reshape Transpose");
  EXPECT_EQ(orderOf(b.graph, b.graph.outputs[0]), ops::StorageOrder::Plain);
}

ops::Reshape reshapeTo(std::vector<int64_t> shape) {
  ops::Reshape reshape;
  reshape.shape = std::move(shape);
  return reshape;
}

TEST(AssignLayout, AChannelShuffleStaysChannelsLast) {
  GraphBuilder b;
  const auto x = b.add(convOf(1, 1, 0), {b.input({1, 3, 4, 5}), b.random({6, 3, 1, 1})});
  const auto turned = b.add(transpose({0, 2, 1, 3, 4}), {b.add(reshapeTo({1, 2, 3, 4, 5}), {x})});
  const auto y = b.add(reshapeTo({1, 6, 4, 5}), {turned});
  b.output(b.add(convOf(3, 1, 1), {y, b.random({4, 6, 3, 3})}));
  EXPECT_EQ(after(b.graph, assignLayout), "Conv Reshape Transpose Reshape Conv");
  EXPECT_EQ(orderOf(b.graph, y), ops::StorageOrder::ChannelsLast);
}

// 6 x 4 elements as 3 x 8: no channels-last result can be seen as six rows.
TEST(AssignLayout, AReshapeThatMixesChannelsAndRowsIsRowMajor) {
  GraphBuilder b;
  const auto x = b.add(convOf(1, 1, 0), {b.input({1, 3, 4, 5}), b.random({6, 3, 1, 1})});
  const auto y = b.add(reshapeTo({1, 3, 8, 5}), {x});
  b.output(b.add(convOf(3, 1, 1), {y, b.random({4, 3, 3, 3})}));
  EXPECT_EQ(after(b.graph, assignLayout), "Conv Reshape Relayout Conv");
  EXPECT_EQ(orderOf(b.graph, y), ops::StorageOrder::Plain);
}

TEST(PackWeights, SharedWeightsArePackedOnce) {
  GraphBuilder b;
  const auto w = b.random({4, 3, 1, 1}), x = b.input({1, 3, 4, 4});
  b.output(b.add(convOf(1, 1, 0), {x, w}));
  b.output(b.add(convOf(1, 2, 0), {x, w}));
  EXPECT_EQ(after(b.graph, packWeights), "Conv Conv");
  EXPECT_EQ(b.graph.nodes[0].inputs[1], b.graph.nodes[1].inputs[1]);
  EXPECT_EQ(b.graph.values[b.graph.nodes[0].inputs[1]].packing, Packing::F32x16);
  EXPECT_EQ(b.graph.values.size(), 4u) << "the plain weights are gone";
}

TEST(PackWeights, NegativeZeroBiasBecomesPositive) {
  GraphBuilder b;
  const auto bias = b.floats({2}, {-0.0f, 1});
  b.output(b.add(convOf(1, 1, 0), {b.input({1, 3, 4, 4}), b.random({2, 3, 1, 1}), bias}));
  after(b.graph, packWeights);
  EXPECT_FALSE(std::signbit(b.graph.values[b.graph.nodes[0].inputs[2]].elements<float>()[0]));
}

/// Whether a convolution with these weights and this bias leaves out taps on padding.
bool leavesOutPadding(float weight, float bias, bool biasIsInput = false) {
  GraphBuilder b;
  const auto w = b.floats({1, 2, 1, 1}, {1, weight});
  const auto added = biasIsInput ? b.input({1}) : b.floats({1}, {bias});
  b.output(b.add(convOf(1, 1, 0), {b.input({1, 2, 4, 4}), w, added}));
  sizes::Budget budget;
  EXPECT_TRUE(packWeights(b.graph, budget));
  return b.graph.nodes[0].as<ops::Conv>()->leavesOutPadding;
}

TEST(PackWeights, PaddingIsLeftOutWhereItChangesNoBit) {
  EXPECT_TRUE(leavesOutPadding(2, 1));
  EXPECT_TRUE(leavesOutPadding(2, -0.0f)) << "becomes +0";
  EXPECT_FALSE(leavesOutPadding(2, -1e-40f)) << "is taken for -0";
  EXPECT_FALSE(leavesOutPadding(std::numeric_limits<float>::infinity(), 1));
  EXPECT_FALSE(leavesOutPadding(std::nanf(""), 1));
  EXPECT_FALSE(leavesOutPadding(2, 1, true)) << "nobody knows the bias";
}

}  // namespace
}  // namespace minnow::passes
