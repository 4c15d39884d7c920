// Orders of graphs: what is found side by side, what is not, and what sharing makes of it.
#include "planning/order.h"

#include "planning/toy_run.h"

namespace minnow::planning {
namespace {

/// Two branches of an image that meet again.
struct Fork {
  ToyGraph toy;
  ir::ValueId x, a, b, c, d;

  explicit Fork(int64_t height) {
    x = toy.input({1, 8, height, 2});
    a = toy.window(x, 3, 1);
    b = toy.window(a, 3, 1);
    c = toy.window(x, 3, 1);
    d = toy.relu(c);
    toy.output(toy.sum(b, d));
  }
};

void expectLegal(const ir::Graph& graph, const Order& order) {
  const std::vector<int> writer = graph.producers();
  for (int n = 0; n < static_cast<int>(graph.nodes.size()); ++n)
    for (const ir::ValueId id : graph.nodes[n].inputs)
      EXPECT_TRUE(writer[id] < 0 || order.isBefore(writer[id], n)) << writer[id] << ", " << n;
  for (const ir::Chain& chain : graph.chains)
    for (int n = chain.first + 1; n < chain.end; ++n) {
      EXPECT_FALSE(order.areBeside(chain.first, n));
      EXPECT_EQ(order.stageAt(n), order.stageAt(chain.first));
    }
}

/// Work if every lane has someone to run it.
double timeOf(const ir::Graph& graph, const Order& order) {
  double time = 0;
  std::vector<std::vector<double>> lanes(order.stages.size(), std::vector<double>(32));
  for (int n = 0; n < static_cast<int>(graph.nodes.size()); ++n) {
    const bool alone = order.stageAt(n) == nullptr;
    (alone ? time : lanes[order.stageOf[n]][order.laneOf[n]]) += workOf(graph, typesOf(graph), n);
  }
  for (const auto& stage : lanes) time += std::ranges::max(stage);
  return time;
}

}  // namespace

TEST(Order, BranchesAreLanes) {
  Fork fork(10'000);
  const Order order = orderInLanes(fork.toy.graph, typesOf(fork.toy.graph), 2);
  ASSERT_EQ(order.stages.size(), 1U);
  EXPECT_EQ(order.stages[0].first, 0);
  EXPECT_EQ(order.stages[0].last, 3);
  EXPECT_TRUE(order.isBefore(0, 1));
  EXPECT_TRUE(order.areBeside(1, 2));
  EXPECT_TRUE(order.areBeside(3, 0));
  EXPECT_TRUE(order.isBefore(3, 4));
  EXPECT_TRUE(order.isBefore(4, 5)) << "outputs are there when all has run";
}

TEST(Order, OneLaneHasNoStages) {
  Fork fork(10'000);
  EXPECT_TRUE(orderInLanes(fork.toy.graph, typesOf(fork.toy.graph), 1).stages.empty());
}

TEST(Order, WhatIsSoonDoneHasNoLanes) {
  Fork fork(2);
  EXPECT_TRUE(orderInLanes(fork.toy.graph, typesOf(fork.toy.graph), 2).stages.empty());
}

TEST(Order, RandomGraphsGetLegalOrdersThatAreNoSlower) {
  std::mt19937 random(8);
  size_t stages = 0;
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(round);
    ir::Graph graph = randomToyGraph(random, 3 + round % 30, 8'000);
    if (round % 2 == 0) chainAtRandom(graph, random);
    const double alone = timeOf(graph, {});
    for (const int lanes : {2, 3}) {
      const Order order = orderInLanes(graph, typesOf(graph), lanes);
      expectLegal(graph, order);
      EXPECT_LE(std::ranges::max(order.laneOf.empty() ? std::vector{0} : order.laneOf), lanes - 1);
      EXPECT_LE(timeOf(graph, order), alone);
      stages += order.stages.size();
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(stages, 100U);
}

/// A hundred thousand nodes, as a hostile file may have them.
TEST(Order, LongGraphsTakeNoTime) {
  ToyGraph toy;
  ir::ValueId x = toy.input({1, 1, 1, 1});
  const ir::ValueId first = x;
  for (int i = 0; i < 50'000; ++i) {
    x = toy.relu(x);
    toy.relu(first);
  }
  toy.output(x);
  expectLegal(toy.graph, orderInLanes(toy.graph, typesOf(toy.graph), 4));
}

// The last reader by index takes the input's place if it runs last, and not if its lane may be
// first.
TEST(Order, WhatAnotherLaneReadsIsNotOverwritten) {
  ToyGraph toy;
  const ir::ValueId x = toy.input({1, 2, 4, 2});
  const ir::ValueId a = toy.relu(x), b = toy.relu(x);
  const ir::ValueId sum = toy.sum(a, b);
  toy.output(sum);
  Order order;
  order.stages = {{0, 1}};
  order.stageOf = {0, 0, -1};
  order.laneOf = {0, 1, 0};
  const auto bufferIn = [&](const MemoryLayout& layout, ir::ValueId id) {
    return layout.storage.places[id].buffer;
  };
  const MemoryLayout total = layOut(toy.graph, typesOf(toy.graph), 0);
  const auto partial = layOut(toy.graph, typesOf(toy.graph), {}, order);
  EXPECT_EQ(bufferIn(total, b), bufferIn(total, x));
  EXPECT_NE(bufferIn(partial, a), bufferIn(partial, x));
  EXPECT_NE(bufferIn(partial, b), bufferIn(partial, x));
  EXPECT_EQ(bufferIn(partial, sum), bufferIn(partial, a)) << "its lanes have ended";
}

}  // namespace minnow::planning
