// The worked example of docs/design.md, in numbers: which rows exist after which strip, and how
// many a buffer holds.
#include "planning/strips.h"

#include <gtest/gtest.h>

#include "ops/conv.h"
#include "ops/pool.h"
#include "planning/toy_run.h"

namespace minnow::planning {
namespace {

std::unique_ptr<ops::Operator> window(int64_t kernel, int64_t stride) {
  auto op = std::make_unique<ops::Pool>();
  op->kernel = {kernel, kernel};
  op->strides = {stride, stride};
  op->dilations = {1, 1};
  op->padsBegin = op->padsEnd = {kernel / 2, kernel / 2};
  return op;
}

/// image 224x224 -> A (3x3, every second row) -> B (3x3) -> C (1x1), 112x112 each, 8 channels.
ir::Graph example() {
  ir::Graph graph;
  const auto add = [&](const char* name, int64_t extent) {
    const TensorType type{DataType::Float32, {1, 8, extent, extent}};
    return graph.addValue({name, type, ops::StorageOrder::ChannelsLast});
  };
  const ir::ValueId image = add("image", 224), a = add("a", 112), b = add("b", 112);
  const ir::ValueId c = add("c", 112);
  graph.nodes.push_back({"A", window(3, 2), {image}, {a}});
  graph.nodes.push_back({"B", window(3, 1), {a}, {b}});
  graph.nodes.push_back({"C", window(1, 1), {b}, {c}});
  graph.inputs = {image};
  graph.outputs = {c};
  graph.outputNames = {"c"};
  graph.chains = {{0, 3, 8}};
  return graph;
}

std::vector<int64_t> ends(const ChainSchedule& chain, int node) {
  std::vector<int64_t> rows;
  for (int strip = 0; strip < chain.strips; ++strip) rows.push_back(chain.end(node, strip));
  return rows;
}

TEST(StripSchedule, EachNodeGoesJustFarEnoughForTheNext) {
  const ir::Graph graph = example();
  ASSERT_TRUE(graph.verify());
  const auto chain =
      scheduleChain(graph, typesOf(graph), Uses(graph, typesOf(graph)), graph.chains[0]);
  ASSERT_TRUE(chain) << chain.error().message;
  EXPECT_EQ(chain->strips, 14);
  EXPECT_EQ(ends(*chain, 2),
            (std::vector<int64_t>{8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112}));
  EXPECT_EQ(ends(*chain, 1), ends(*chain, 2));
  EXPECT_EQ(ends(*chain, 0),
            (std::vector<int64_t>{9, 17, 25, 33, 41, 49, 57, 65, 73, 81, 89, 97, 105, 112}));
  EXPECT_EQ(chain->readsOf(1)[0].first[0], 0);
  EXPECT_EQ(chain->readsOf(1)[0].first[1], 7);  // row 8 of B reads rows 7, 8 and 9 of A
}

TEST(StripSchedule, ABufferHoldsTheRowsThatAreStillRead) {
  const ir::Graph graph = example();
  const MemoryLayout layout = layOut(graph, typesOf(graph), 1);
  ASSERT_EQ(layout.lineBuffers.size(), 2U);
  const auto lineBufferOf = [&](const char* name) {
    for (size_t v = 0; v < graph.values.size(); ++v)
      if (graph.values[v].name == name)
        return layout.lineBuffers[static_cast<size_t>(
            layout.buffers[static_cast<size_t>(layout.storage.places[v].buffer)].lineBuffer)];
    return LineBuffer{};
  };
  const LineBuffer a = lineBufferOf("a"), b = lineBufferOf("b");
  EXPECT_EQ(a.rowBytes, 112U * 8 * 4);
  EXPECT_EQ(a.rows, 10);  // rows 7 to 16 in the second strip
  EXPECT_EQ((std::vector<int32_t>{a.low[0], a.low[1], a.low[2]}), (std::vector<int32_t>{0, 7, 15}));
  EXPECT_EQ((std::vector<int32_t>{a.kept[0], a.kept[1], a.kept[2]}),
            (std::vector<int32_t>{0, 2, 2}));
  EXPECT_EQ(b.rows, 8);
  EXPECT_FALSE(b.keepsRows());
}

using Range = std::pair<int64_t, int64_t>;
Range rangeOf(const ops::Rows& rows) { return {rows.begin, rows.end}; }

TEST(StripSchedule, TheLowerBandHandsOverWhatTheUpperOneReadsBeyondTheBorder) {
  const ir::Graph graph = example();
  const std::vector<ChainCut> cuts{{8, 2}};
  const MemoryLayout layout = layOut(graph, typesOf(graph), cuts);
  ASSERT_EQ(layout.chains.size(), 2U);
  const ChainSchedule &upper = layout.chains[0], &lower = layout.chains[1];
  for (const int node : {1, 2}) {
    EXPECT_EQ(upper.end(node), 56);
    EXPECT_EQ(lower.begin(node), 56);
  }
  EXPECT_EQ(rangeOf(upper.made(0, 6)), Range(49, 55));
  EXPECT_EQ(rangeOf(upper.handed(0, 6)), Range(55, 57));
  EXPECT_EQ(rangeOf(lower.made(0, 0)), Range(55, 65));
  EXPECT_EQ(rangeOf(lower.lends(0, 0)), Range(55, 57));
  ASSERT_EQ(layout.borders.size(), 1U);
  EXPECT_EQ(layout.borders[0].node, 0);
  EXPECT_EQ(layout.buffers[static_cast<size_t>(layout.borders[0].buffer)].bytes, 7'168U);
  for (const LineBuffer& lines : layout.lineBuffers)
    EXPECT_EQ(layout.buffers[static_cast<size_t>(lines.buffer)].bytes,
              static_cast<size_t>(lines.rows == 10 ? 35'840 : 28'672));
}

/// Three convolutions by Winograd's tiles, 22 rows each.
ir::Graph inTiles() {
  ir::Graph graph;
  const auto add = [&] {
    const TensorType type{DataType::Float32, {1, 4, 22, 8}};
    return graph.addValue({"v", type, ops::StorageOrder::ChannelsLast});
  };
  const std::vector<float> taps(4 * 4 * 9, 1.0f);
  const ir::ValueId weights = graph.addFloats("w", {4, 4, 3, 3}, taps);
  ir::ValueId x = add();
  graph.inputs = {x};
  for (int i = 0; i < 3; ++i) {
    auto conv = std::make_unique<ops::Conv>();
    conv->kernel = {3, 3};
    conv->strides = conv->dilations = conv->padsBegin = conv->padsEnd = {1, 1};
    conv->winograd = true;
    const ir::ValueId y = add();
    graph.nodes.push_back({"conv", std::move(conv), {x, weights}, {y}});
    x = y;
  }
  graph.outputs = {x};
  graph.outputNames = {"y"};
  return graph;
}

TEST(StripSchedule, RowsOfATileAreMadeTogether) {
  const ir::Graph graph = inTiles();
  ASSERT_TRUE(graph.verify());
  const Uses uses(graph, typesOf(graph));
  const auto chain = scheduleChain(graph, typesOf(graph), uses, {0, 3, 3});
  ASSERT_TRUE(chain) << chain.error().message;
  // Strips of 3 rows: the last node begins no tile in the fourth, and makes none.
  EXPECT_EQ(ends(*chain, 2), (std::vector<int64_t>{4, 8, 12, 12, 16, 20, 22, 22}));
  // Rows [0, 4) read row 4, which lies in the second tile.
  EXPECT_EQ(ends(*chain, 1), (std::vector<int64_t>{8, 12, 16, 16, 20, 22, 22, 22}));
  EXPECT_EQ(ends(*chain, 0), (std::vector<int64_t>{12, 16, 20, 20, 22, 22, 22, 22}));
  // Row 4 of the second reads rows 3 to 8 of the first.
  EXPECT_EQ(chain->readsOf(1)[0].first[1], 7);
}

TEST(StripSchedule, BandsOfTilesShareNone) {
  const ir::Graph graph = inTiles();
  const Uses uses(graph, typesOf(graph));
  const auto bands = scheduleBands(graph, typesOf(graph), uses, {0, 3, 4}, 2);
  ASSERT_TRUE(bands) << bands.error().message;
  const ChainSchedule& lower = (*bands)[1];
  for (const int node : {0, 1}) EXPECT_EQ(lower.begin(node) % 4, 0);
  EXPECT_TRUE(rowsAreApart(*bands, 0, 2));
}

}  // namespace
}  // namespace minnow::planning
