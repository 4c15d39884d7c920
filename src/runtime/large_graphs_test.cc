// Graphs of two hundred thousand nodes, as a file may hold them, are planned in seconds: nothing
// that plans looks at all nodes for each. If something did, a test would take hours, and the test
// runner ends it after ten minutes.
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "program/program.h"
#include "runtime/backends.h"
#include "runtime/test_models.h"

namespace minnow::runtime {
namespace {

constexpr size_t kNodes = 200'000;

ops::Unary relu() {
  ops::Unary op;
  op.fn = ops::UnaryFn::Relu;
  return op;
}

ops::Binary sum() {
  ops::Binary op;
  op.fn = ops::BinaryFn::Add;
  return op;
}

void expectPlannedSoon(const char* what, const ir::Graph& graph) {
  std::vector<TensorType> types;
  for (const ir::Value& value : graph.values) types.push_back(value.type);
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(graph.inferTypes(types).has_value());
  const auto plan = program::build(graph, types, {4, true, backends()});
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ((*plan)->steps.size(), graph.nodes.size());
  std::printf("%s: %.2f s, %zu bytes\n", what, taken.count(), (*plan)->placedBytes);
}

ir::Graph line(const Shape& shape) {
  test::Builder b("line");
  ir::ValueId x = b.input("x", shape);
  for (size_t n = 0; n < kNodes; ++n) x = b.add(relu(), {x});
  return b.finish(x);
}

TEST(LargeGraphs, ALine) { expectPlannedSoon("a line", line({1, 4, 8, 8})); }

TEST(LargeGraphs, ALineInStrips) {
  ir::Graph graph = line({1, 4, 2, 2});
  graph.chains = {{0, static_cast<int32_t>(kNodes / 8), 1}};
  expectPlannedSoon("a line in strips", graph);
}

TEST(LargeGraphs, ManyChains) {
  ir::Graph graph = line({1, 4, 8, 8});
  for (int32_t n = 0; n < static_cast<int32_t>(kNodes); n += 4)
    graph.chains.push_back({n, n + 4, 2});
  expectPlannedSoon("many chains", graph);
}

TEST(LargeGraphs, AllReadByOne) {
  test::Builder b("fan");
  const ir::ValueId x = b.input("x", {1, 2, 2, 2});
  std::vector<ir::ValueId> all;
  for (size_t n = 0; n < kNodes; ++n) all.push_back(b.add(relu(), {x}));
  ops::Concat concat;
  concat.axis = 1;
  expectPlannedSoon("all read by one", b.finish(b.add(concat, all)));
}

TEST(LargeGraphs, ReadersAnywhere) {
  std::mt19937 random(3);
  test::Builder b("random");
  std::vector<ir::ValueId> all{b.input("x", {1, 2, 2, 2})};
  for (size_t n = 0; n < kNodes; ++n)
    all.push_back(b.add(sum(), {all.back(), all[random() % all.size()]}));
  expectPlannedSoon("readers anywhere", b.finish(all.back()));
}

}  // namespace
}  // namespace minnow::runtime
