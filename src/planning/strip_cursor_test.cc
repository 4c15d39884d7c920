// Strips run by a toy interpreter: no row is made twice, every row is there when it is read,
// whatever slides, and no address leaves its buffer.
#include "planning/strip_cursor.h"

#include "planning/toy_run.h"

namespace minnow::planning {
namespace {

void expectRight(const ir::Graph& graph, int rowsFactor, int* slides = nullptr) {
  const MemoryLayout layout = layOut(graph, typesOf(graph), rowsFactor);
  const StripTables tables(layout);
  const auto [offsets, bytes] = sideBySide(layout);
  ToyRun run(graph, layout, tables, offsets, bytes);
  for (StripCursor at(tables); !at.isDone(); at.advance()) {
    if (slides != nullptr) at.forEachSlide([&](const Slide&) { ++*slides; });
    ASSERT_TRUE(run.step(at)) << "strip " << at.strip();
  }
  EXPECT_TRUE(run.outputsAreRight());
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    for (const int times : run.made(n)) ASSERT_LE(times, 1) << "node " << n;  // 0: read by nobody
}

TEST(StripCursor, RandomChainsMakeNoRowTwiceAndReadWhatIsThere) {
  std::mt19937 random(3);
  int chains = 0, slides = 0;
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    const auto layout = round % 5 == 0 ? ops::StorageOrder::Plain : ops::StorageOrder::ChannelsLast;
    const auto height = static_cast<int64_t>(1 + random() % 24);
    ir::Graph graph = randomToyGraph(random, 3 + round % 12, height, layout);
    chainAtRandom(graph, random);
    for (int rowsFactor : {0, 1, 3}) expectRight(graph, rowsFactor, &slides);
    chains += static_cast<int>(graph.chains.size());
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(chains, 400);
  EXPECT_GT(slides, 1000);
}

/// Five rows through a window of 3 and one of 1, two rows at a time.
ir::Graph twoWindows() {
  ToyGraph toy;
  const ir::ValueId x = toy.relu(toy.input({1, 2, 5, 2}));
  toy.output(toy.window(toy.window(x, 3, 1), 1, 1));
  toy.graph.chains = {{1, 3, 2}};
  return std::move(toy.graph);
}

TEST(StripCursor, GoesThroughAChainStripByStrip) {
  const ir::Graph graph = twoWindows();
  const StripTables tables(layOut(graph, typesOf(graph), 1));
  std::vector<std::array<int64_t, 5>> places;
  for (StripCursor at(tables); !at.isDone(); at.advance())
    places.push_back({at.step(), at.strip(), at.rows().axis, at.rows().begin, at.rows().end});
  EXPECT_EQ(places, (std::vector<std::array<int64_t, 5>>{{0, 0, -1, 0, 1},
                                                         {1, 0, 2, 0, 2},
                                                         {2, 0, 2, 0, 2},
                                                         {1, 1, 2, 2, 4},
                                                         {2, 1, 2, 2, 4},
                                                         {1, 2, 2, 4, 5},
                                                         {2, 2, 2, 4, 5}}));
  EXPECT_EQ(tables.stripHeights(1), (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(tables.stripHeights(0), (std::vector<int64_t>{0}));
  EXPECT_EQ(tables.mostRows(1), 2);
  EXPECT_EQ(tables.axisAt(0), ops::Rows::kWhole);
}

TEST(StripCursor, StepsWithoutWorkAreStillPlaces) {
  // The input of a window of 5 is made whole by the second strip of two rows.
  ToyGraph toy;
  const ir::ValueId x = toy.relu(toy.input({1, 2, 6, 2}));
  toy.output(toy.window(toy.relu(x), 5, 1));
  toy.graph.chains = {{1, 3, 2}};
  const StripTables tables(layOut(toy.graph, typesOf(toy.graph), 1));
  std::vector<bool> work;
  for (StripCursor at(tables); !at.isDone(); at.advance())
    if (at.step() == 1) work.push_back(at.hasWork());
  EXPECT_EQ(work, (std::vector<bool>{true, true, false}));
  expectRight(toy.graph, 1);
}

}  // namespace
}  // namespace minnow::planning
