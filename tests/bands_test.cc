// Bands in one arena: what the planner places for a chain in bands, run in any order of their steps
// by a toy interpreter; and how much memory they take.
#include <gtest/gtest.h>

#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "planning/toy_run.h"
#include "tests/placed.h"

namespace minnow::planning {
namespace {

void runInAnyOrder(const ir::Graph& graph, const MemoryLayout& layout, std::mt19937& random) {
  const StripTables tables(layout);
  const auto [offsets, bytes] = placed(layout);
  ToyRun run(graph, layout, tables, offsets, bytes);
  for (StripCursor at(tables); !at.isDone();) {
    const bool banded = tables.bandsAt(at.step()) > 1;
    ASSERT_TRUE(banded ? run.bands(at, random) : run.step(at));
    banded ? at.skipChain() : at.advance();
  }
  EXPECT_TRUE(run.outputsAreRight());
}

TEST(Bands, NoByteOfTheArenaIsOverwrittenWhileItIsNeeded) {
  std::mt19937 random(21);
  int banded = 0;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    ir::Graph graph = randomToyGraph(random, 4 + round % 14, 1 + random() % 30);
    chainAtRandom(graph, random);
    std::vector<ChainCut> cuts;
    for (const ir::Chain& chain : graph.chains)
      cuts.push_back({chain.rows, 1 + static_cast<int>(random() % 4)});
    const auto layout = layOut(graph, typesOf(graph), cuts);
    for (const ChainSchedule& chain : layout.chains) banded += chain.band.count > 1;
    runInAnyOrder(graph, layout, random);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(banded, 300);
}

size_t most(const MemoryLayout& layout) { return std::ranges::max(aliveBytes(layout)); }

TEST(Bands, KeepHalfOfWhatStripsSave) {
  int banded = 0;
  for (unsigned seed = 0; seed < 80; ++seed) {
    SCOPED_TRACE(seed);
    ir::Graph graph = passes::RandomGraph(seed, 90, 41).build(6 + static_cast<int>(seed % 12));
    ASSERT_TRUE(passes::runPasses(graph, {}));
    for (const int threads : {1, 2, 4}) {
      const MemoryLayout strips = layOut(graph, typesOf(graph), threads);
      const MemoryLayout bands = layOutInBands(graph, typesOf(graph), threads);
      const size_t least = most(strips), layers = most(layOut(graph, typesOf(graph), 0));
      EXPECT_LE(most(bands), least + (std::max(layers, least) - least) / 2);
      for (const ChainSchedule& chain : bands.chains) banded += chain.band.count > 1;
    }
  }
  EXPECT_GT(banded, 10);
}

}  // namespace
}  // namespace minnow::planning
