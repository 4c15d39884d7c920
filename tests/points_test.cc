// Weights that are stored transformed, through whole sessions: the bits of those that are transformed
// while the model runs, on every number of threads (in strips: strips_test.cc); and memory as predicted,
// to the byte, of which several sessions hold the weights once.
#include <gtest/gtest.h>

#include <cstring>

#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "src/runtime/test_models.h"

namespace minnow {
namespace {

using passes::convOf;
using passes::GraphBuilder;

/// Of several blocks of tiles, and small enough to run whole.
ir::Graph network(bool atPoints) {
  GraphBuilder b;
  ir::ValueId x = b.input({1, 4, 32, 30});
  const int64_t channels[] = {4, 32, 48, 32, 18};
  for (int i = 0; i < 4; ++i)
    x = b.add(convOf(3, 1, 1), {x, b.random({channels[i + 1], channels[i], 3, 3}, -0.1f, 0.1f),
                                b.random({channels[i + 1]})});
  b.output(x);
  EXPECT_TRUE(passes::runPasses(b.graph, std::vector<std::string>{"store-points"}));
  if (atPoints) {
    EXPECT_TRUE(passes::storePointsWhere(b.graph, passes::always));
    b.graph.removeDead();
  }
  EXPECT_EQ(passes::storedPoints(b.graph).layers > 0, atPoints);
  return std::move(b.graph);
}

std::vector<float> outputOf(const test::Model& model, int threads, bool fast = true) {
  auto runtime = Runtime::create({.threads = threads});
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  auto session = interpreter->createSession({.fastKernels = fast});
  return test::runOnce(*session, 0.25f);
}

bool isSame(const std::vector<float>& a, const std::vector<float>& b) {
  return !a.empty() && a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(StoredPoints, KeepBitsOnThreads) {
  const test::Model plain(network(false)), stored(network(true));
  const std::vector<float> expected = outputOf(plain, 1);
  for (const int threads : {1, 2, 4}) {
    EXPECT_TRUE(isSame(expected, outputOf(plain, threads))) << threads;
    EXPECT_TRUE(isSame(expected, outputOf(stored, threads))) << threads;
  }
  EXPECT_TRUE(isSame(expected, outputOf(stored, 1, false))) << "the reference";
}

MemoryLedger expected(const MemoryReport& predicted) {
  return {predicted.modelBytes, predicted.staticBytes, predicted.dynamicBytes,
          predicted.metadataBytes};
}

TEST(StoredPoints, TakeWhatIsPredictedAndAreShared) {
  const ir::Graph graph = network(true);
  const test::Model plain(network(false)), stored(graph);
  size_t staticBytes[2], dynamicBytes[2];
  for (const bool atPoints : {false, true}) {
    auto runtime = Runtime::create();
    auto interpreter = Interpreter::createFromBuffer(*runtime, (atPoints ? stored : plain).span);
    auto session = interpreter->createSession();
    test::runOnce(*session, 0.25f);
    EXPECT_EQ(runtime->ledger().peak, expected(session->memory()));
    EXPECT_EQ(runtime->ledger().peak, expected(runtime->predicted()));
    staticBytes[atPoints] = session->memory().staticBytes;
    dynamicBytes[atPoints] = session->memory().dynamicBytes;
    auto another = interpreter->createSession();
    test::runOnce(*another, 0.5f);
    EXPECT_EQ(runtime->ledger().now.staticBytes, staticBytes[atPoints]) << "shared";
    EXPECT_EQ(runtime->ledger().now, expected(runtime->predicted()));
  }
  EXPECT_EQ(staticBytes[true] - staticBytes[false], passes::storedPoints(graph).bytes);
  EXPECT_LT(dynamicBytes[true], dynamicBytes[false]) << "no room for transforming";
}

}  // namespace
}  // namespace minnow
