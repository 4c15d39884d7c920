// store-points: which weights are stored transformed, what that costs, and that no bit changes.
#include "passes/store_points.h"

#include <cstring>

#include "ops/conv.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"

namespace minnow::passes {
namespace {

/// Convolutions in tiles, two of which share their weights, and one that is not.
ir::Graph tower() {
  GraphBuilder b;
  ir::ValueId x = b.input({1, 20, 16, 16});
  const ir::ValueId shared = b.random({20, 20, 3, 3}, -0.1f, 0.1f);
  for (const ir::ValueId weights : {shared, b.random({20, 20, 3, 3}, -0.1f, 0.1f), shared})
    x = b.add(convOf(3, 1, 1), {x, weights});
  b.output(b.add(convOf(3, 2, 1), {x, b.random({20, 20, 3, 3}, -0.1f, 0.1f)}));
  return std::move(b.graph);
}

ir::Graph converted(std::vector<std::string> without = {}) {
  ir::Graph graph = tower();
  without.emplace_back("store-points");
  const auto done = runPasses(graph, without);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return graph;
}

ir::Graph stored(const ir::Graph& plain) {
  ir::Graph graph = plain.clone();
  EXPECT_TRUE(storePointsWhere(graph, always));
  graph.removeDead();
  EXPECT_TRUE(graph.verify());
  return graph;
}

TEST(StorePoints, KeepsEveryBit) {
  const std::vector<std::vector<std::string>> settings{
      {}, {"pack-weights"}, {"assign-layout", "choose-strips"}};
  for (const auto& without : settings) {
    const ir::Graph plain = converted(without);
    const auto inputs = randomInputs(plain, 3);
    const std::vector<Tensor> a = runGraph(plain, inputs), b = runGraph(stored(plain), inputs);
    EXPECT_EQ(std::memcmp(a[0].bytes.get(), b[0].bytes.get(), a[0].view().bytes()), 0);
  }
}

TEST(StorePoints, CostsWhatItSays) {
  const ir::Graph plain = converted(), graph = stored(plain);
  EXPECT_EQ(storedPoints(plain).layers, 0);
  EXPECT_EQ(storedPoints(plain).bytes, 0U);
  const StoredPoints found = storedPoints(graph);
  EXPECT_EQ(found.layers, 3);
  EXPECT_EQ(weightBytes(graph), weightBytes(plain) + found.bytes);
  EXPECT_EQ(found.bytes, 2 * 20 * 20 * (36 - 9) * sizeof(float)) << "shared weights count once";
  EXPECT_GT(found.savings, 0.01);
  EXPECT_LT(found.savings, 0.5);
}

TEST(StorePoints, LeavesWhatIsNotInTiles) {
  EXPECT_EQ(storedPoints(stored(converted({"choose-winograd"}))).layers, 0);
  const ir::Graph graph = stored(converted());
  const ir::Node& strided = graph.nodes.back();
  EXPECT_EQ(graph.values[strided.inputs[1]].type.shape, (Shape{20, 20, 3, 3}));
}

/// Whether the pass stores the weights of a layer that is computed in one piece.
bool isStored(int64_t channels, int64_t extent) {
  GraphBuilder b;
  b.output(b.add(convOf(3, 1, 1), {b.input({1, channels, extent, extent}),
                                   b.random({channels, channels, 3, 3}, -0.1f, 0.1f)}));
  EXPECT_TRUE(runPasses(b.graph, std::vector<std::string>{"choose-strips"}));
  return storedPoints(b.graph).layers == 1;
}

TEST(StorePoints, OnlyWhereTheyAreTransformedOften) {
  EXPECT_TRUE(isStored(64, 56)) << "seven blocks of tiles";
  EXPECT_FALSE(isStored(64, 20)) << "one";
}

TEST(StorePoints, WeightsAtPointsAreForTilesAlone) {
  ops::Conv conv = convOf(3, 1, 1);
  const TensorType x{DataType::Float32, {1, 8, 9, 9}};
  const auto types = [&](const Shape& w) {
    return conv.inferShape(std::vector{x, TensorType{DataType::Float32, w}}).has_value();
  };
  EXPECT_FALSE(types({8, 8, 6, 6}));
  conv.winograd = true;
  EXPECT_TRUE(types({8, 8, 6, 6}));
  EXPECT_TRUE(types({8, 8, 3, 3}));
  EXPECT_FALSE(types({8, 8, 6, 3}));
  EXPECT_FALSE(types({8, 8, 3, 6}));
  EXPECT_FALSE(types({8, 8, 5, 5}));
}

}  // namespace
}  // namespace minnow::passes
