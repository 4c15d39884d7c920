// choose-winograd: which convolutions are computed in tiles, and what strips make of that.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/conv.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "planning/layout.h"

namespace minnow::passes {

Result<int> chooseWinograd(ir::Graph&, sizes::Budget&);

namespace {

/// A convolution of an image of that many channels and extents.
ir::Graph layer(const ops::Conv& conv, int64_t channels, int64_t outputs, int64_t extent,
                float tap = 0.5f) {
  GraphBuilder b;
  const ir::ValueId x = b.input({1, channels, extent, extent});
  const Shape shape{outputs, channels / conv.groups, conv.kernel[0], conv.kernel[1]};
  const std::vector<float> taps(static_cast<size_t>(shape.elements()), tap);
  b.output(b.add(conv, {x, b.graph.addFloats("w", shape, taps)}));
  return std::move(b.graph);
}

bool isInTiles(ir::Graph graph) {
  sizes::Budget budget;
  const auto changes = chooseWinograd(graph, budget);
  EXPECT_TRUE(changes);
  return *changes == 1;
}

TEST(ChooseWinograd, WhereTilesTakeLess) {
  EXPECT_TRUE(isInTiles(layer(convOf(3, 1, 1), 64, 64, 56)));
  EXPECT_TRUE(isInTiles(layer(convOf(3, 1, 0), 128, 128, 14)));
  EXPECT_TRUE(isInTiles(layer(convOf(3, 1, 1), 512, 512, 7)));
  EXPECT_FALSE(isInTiles(layer(convOf(3, 1, 1), 3, 16, 224)));
  EXPECT_FALSE(isInTiles(layer(convOf(3, 1, 1), 64, 1, 56)));
  EXPECT_FALSE(isInTiles(layer(convOf(3, 1, 1), 64, 64, 1)));
}

TEST(ChooseWinograd, OnlyWhereTheyFit) {
  EXPECT_FALSE(isInTiles(layer(convOf(3, 2, 1), 64, 64, 56)));
  EXPECT_FALSE(isInTiles(layer(convOf(5, 1, 2), 64, 64, 56)));
  EXPECT_FALSE(isInTiles(layer(convOf(3, 1, 1, 2), 64, 64, 56)));
  ops::Conv dilated = convOf(3, 1, 2);
  dilated.dilations = {2, 2};
  EXPECT_FALSE(isInTiles(layer(dilated, 64, 64, 56)));
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(isInTiles(layer(convOf(3, 1, 1), 64, 64, 56, infinity)));
}

TEST(ChooseWinograd, TilesElsewhereAreNoOperator) {
  ops::Conv strided = convOf(3, 2, 1);
  strided.winograd = true;
  const TensorType x{DataType::Float32, {1, 8, 9, 9}}, w{DataType::Float32, {8, 8, 3, 3}};
  const auto types = strided.inferShape(std::vector{x, w});
  ASSERT_FALSE(types);
  EXPECT_EQ(types.error().code, ErrorCode::BadModel);
}

/// Convolutions one after another, with few channels at both ends: nearly all memory is between them.
ir::Graph tower(int64_t extent) {
  GraphBuilder b;
  ir::ValueId x = b.input({1, 4, extent, extent});
  const int64_t channels[] = {4, 32, 32, 32, 32, 4};
  for (int i = 0; i < 5; ++i)
    x = b.add(convOf(3, 1, 1), {x, b.random({channels[i + 1], channels[i], 3, 3}, -0.1f, 0.1f)});
  b.output(x);
  return std::move(b.graph);
}

size_t peakOf(const ir::Graph& graph) {
  std::vector<TensorType> types;
  for (const ir::Value& value : graph.values) types.push_back(value.type);
  return std::ranges::max(planning::aliveBytes(planning::layOut(graph, types, 1)));
}

TEST(ChooseWinograd, TakesAnEighthMoreMemoryAtMost) {
  ir::Graph direct = tower(64), tiles = tower(64);
  ASSERT_TRUE(runPasses(direct, std::vector<std::string>{"choose-winograd"}));
  ASSERT_TRUE(runPasses(tiles, {}));
  EXPECT_LE(peakOf(tiles), peakOf(direct) * 9 / 8);
}

TEST(ChooseWinograd, SmallMapsStayWholeWhereTilesAre) {
  const auto chainsOf = [](int64_t extent, bool tiles) {
    ir::Graph graph = tower(extent);
    std::vector<std::string> without;
    if (!tiles) without = {"choose-winograd"};
    EXPECT_TRUE(runPasses(graph, without));
    return graph.chains.size();
  };
  EXPECT_GT(chainsOf(28, false), 0U);
  EXPECT_EQ(chainsOf(28, true), 0U);
  EXPECT_GT(chainsOf(64, true), 0U);
}

}  // namespace
}  // namespace minnow::passes
