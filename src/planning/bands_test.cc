// Chains in bands, run by a toy interpreter in any order of the bands' steps: every element is
// right as it is read, no band writes what another one reads or writes, what leaves a chain is made
// once.
#include "planning/toy_run.h"

namespace minnow::planning {
namespace {

void expectRight(const ir::Graph& graph, const MemoryLayout& layout, std::mt19937& random) {
  const StripTables tables(layout);
  const auto [offsets, bytes] = sideBySide(layout);
  ToyRun run(graph, layout, tables, offsets, bytes);
  for (StripCursor at(tables); !at.isDone();) {
    const bool banded = tables.bandsAt(at.step()) > 1;
    ASSERT_TRUE(banded ? run.bands(at, random) : run.step(at));
    banded ? at.skipChain() : at.advance();
  }
  EXPECT_TRUE(run.outputsAreRight());
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    for (const int times : run.made(n)) ASSERT_LE(times, 1) << "node " << n;
}

/// One thread alone goes from band to band.
void expectRightInTurn(const ir::Graph& graph, const MemoryLayout& layout) {
  const StripTables tables(layout);
  const auto [offsets, bytes] = sideBySide(layout);
  ToyRun run(graph, layout, tables, offsets, bytes);
  for (StripCursor at(tables); !at.isDone(); at.advance()) ASSERT_TRUE(run.step(at));
  EXPECT_TRUE(run.outputsAreRight());
}

int bandedChains(const MemoryLayout& layout) {
  return static_cast<int>(std::ranges::count_if(layout.chains, [](const ChainSchedule& chain) {
    return chain.band.count > 1 && chain.band.index == 0;
  }));
}

TEST(Bands, RandomChainsAreRightInAnyOrderOfBands) {
  std::mt19937 random(9);
  int banded = 0, borders = 0;
  for (int round = 0; round < 600; ++round) {
    SCOPED_TRACE(round);
    const auto order = round % 5 == 0 ? ops::StorageOrder::Plain : ops::StorageOrder::ChannelsLast;
    const auto height = static_cast<int64_t>(1 + random() % 24);
    ir::Graph graph = randomToyGraph(random, 3 + round % 12, height, order);
    chainAtRandom(graph, random);
    std::vector<ChainCut> cuts;
    for (const ir::Chain& chain : graph.chains)
      cuts.push_back({chain.rows, 1 + static_cast<int>(random() % 4)});
    const auto layout = layOut(graph, typesOf(graph), cuts);
    banded += bandedChains(layout);
    borders += static_cast<int>(layout.borders.size());
    expectRight(graph, layout, random);
    expectRightInTurn(graph, layout);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(banded, 300);
  EXPECT_GT(borders, 300);
}

/// Buffers, where values lie in them, and what strips do, in numbers.
std::vector<int64_t> inNumbers(const MemoryLayout& layout) {
  std::vector<int64_t> all;
  for (const Buffer& one : layout.buffers)
    for (const int64_t n : {static_cast<int64_t>(one.bytes), int64_t{one.first}, int64_t{one.last},
                            int64_t{one.lineBuffer}, int64_t{one.band}})
      all.push_back(n);
  for (const Place& place : layout.storage.places)
    all.push_back(place.buffer), all.push_back(place.storage.offset);
  for (const LineBuffer& lines : layout.lineBuffers)
    all.insert(all.end(), lines.low.begin(), lines.low.end());
  for (const ChainSchedule& chain : layout.chains)
    all.insert(all.end(), chain.ends.begin(), chain.ends.end());
  return all;
}

/// Layouts of one graph are what each is by itself, in whatever order they are asked for.
TEST(Layouts, ShareNothingThatShows) {
  std::mt19937 random(21);
  int chains = 0;
  for (int round = 0; round < 100; ++round) {
    ir::Graph graph =
        randomToyGraph(random, 3 + round % 12, static_cast<int64_t>(8 + random() % 16),
                       ops::StorageOrder::ChannelsLast);
    chainAtRandom(graph, random);
    const std::vector<TensorType> types = typesOf(graph);
    Layouts shared(graph, types);
    std::vector<int> asked{0, 1, 2, 3, 4, 2, 0};
    std::ranges::shuffle(asked, random);
    for (const int what : asked) {
      const int threads = what - 1;
      const bool bands = what > 2;
      const auto layout = bands ? shared.inBands(threads) : shared.inStrips(what);
      const auto alone = bands ? layOutInBands(graph, types, threads) : layOut(graph, types, what);
      EXPECT_EQ(inNumbers(layout), inNumbers(alone)) << "round " << round << ", layout " << what;
      chains += static_cast<int>(layout.chains.size());
    }
    EXPECT_EQ(inNumbers(shared.layers()), inNumbers(layOut(graph, types, 0)));
  }
  EXPECT_GT(chains, 200);
}

}  // namespace
}  // namespace minnow::planning
