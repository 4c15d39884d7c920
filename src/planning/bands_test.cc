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

}  // namespace
}  // namespace minnow::planning
