// Chains in bands, run by a toy interpreter in any order of the bands' steps: every element is right
// as it is read, no band writes what another one reads or writes, what leaves a chain is made once.
#include "planning/toy_run.h"

namespace minnow::planning {
namespace {

/// The bands of the chain at `at`, each going on whenever chance says so.
bool runBands(ToyRun& run, const StripTables& tables, const StripCursor& at, std::mt19937& random) {
  std::vector<StripCursor> bands;
  for (int band = 0; band < tables.bandsAt(at.step()); ++band)
    bands.emplace_back(tables, at.step(), band);
  while (!bands.empty()) {
    const size_t next = random() % bands.size();
    for (size_t steps = 1 + random() % 9; steps-- > 0 && !bands[next].isDone();) {
      if (!run.step(bands[next])) return false;
      bands[next].advance();
    }
    if (bands[next].isDone()) bands.erase(bands.begin() + static_cast<std::ptrdiff_t>(next));
  }
  return true;
}

void expectRight(const ir::Graph& graph, const MemoryLayout& layout, std::mt19937& random) {
  const StripTables tables(layout);
  const auto [offsets, bytes] = sideBySide(layout);
  ToyRun run(graph, layout, tables, offsets, bytes);
  for (StripCursor at(tables); !at.isDone();) {
    const bool banded = tables.bandsAt(at.step()) > 1;
    ASSERT_TRUE(banded ? runBands(run, tables, at, random) : run.step(at));
    banded ? at.skipChain() : at.advance();
  }
  EXPECT_TRUE(run.outputsAreRight());
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
  int banded = 0, refused = 0;
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
    refused += !layout;
    if (!layout) continue;
    banded += bandedChains(*layout);
    expectRight(graph, *layout, random);
    expectRightInTurn(graph, *layout);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(banded, 300);
  EXPECT_LT(refused, 100);
}

}  // namespace
}  // namespace minnow::planning
