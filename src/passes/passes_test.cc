// Passes on random graphs: each alone, all together, and all but each; results must stay.
#include "passes/pass_list.h"
#include "passes/random_graph.h"

namespace minnow::passes {
namespace {

ir::Graph randomGraph(unsigned seed) {
  return RandomGraph(seed).build(4 + static_cast<int>(seed % 9));
}

void check(unsigned seed, const std::vector<std::string>& disabled) {
  ir::Graph graph = randomGraph(seed);
  const ir::Graph before = graph.clone();
  const auto done = runPasses(graph, disabled);
  ASSERT_TRUE(done) << done.error().message;
  if (seed % 2 == 1) {
    ASSERT_TRUE(storePointsWhere(graph, always));
    ASSERT_TRUE(graph.verify());
  }
  expectSameResults(before, graph, seed);
}

std::vector<std::string> allBut(const std::string& kept) {
  std::vector<std::string> names;
  for (const Pass& pass : allPasses())
    if (pass.name != kept) names.push_back(pass.name);
  return names;
}

TEST(Passes, AllTogether) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    check(seed, {});
    if (HasFatalFailure()) return;
  }
}

TEST(Passes, EachAlone) {
  for (const Pass& pass : allPasses())
    for (unsigned seed = 0; seed < 40; ++seed) {
      SCOPED_TRACE(std::string(pass.name) + " " + std::to_string(seed));
      check(seed, allBut(pass.name));
      if (HasFatalFailure()) return;
    }
}

TEST(Passes, AllButEach) {
  for (const Pass& pass : allPasses())
    for (unsigned seed = 1000; seed < 1030; ++seed) {
      SCOPED_TRACE(std::string(pass.name) + " " + std::to_string(seed));
      check(seed, {pass.name});
      if (HasFatalFailure()) return;
    }
}

TEST(Passes, TwiceChangesNoResult) {
  for (unsigned seed = 2000; seed < 2020; ++seed) {
    ir::Graph graph = randomGraph(seed);
    ASSERT_TRUE(runPasses(graph, {}));
    if (seed % 2 == 1) {
      ASSERT_TRUE(storePointsWhere(graph, always));
    }
    const ir::Graph once = graph.clone();
    ASSERT_TRUE(runPasses(graph, {}));
    expectSameResults(once, graph, seed);
  }
}

}  // namespace
}  // namespace minnow::passes
