// Weights that are stored as float16: which are, that no bit depends on how they are stored, and that
// memory is as predicted.
#include "passes/halve_weights.h"

#include <cstring>

#include "base/half.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "src/runtime/test_models.h"

namespace minnow::passes {
namespace {

void roundToHalves(ir::Value& value) {
  std::vector<float> rounded;
  for (const float x : value.elements<float>())
    rounded.push_back(base::floatFromHalf(base::halfFromFloat(x)));
  value.constant = ir::makeConstant(std::as_bytes(std::span(rounded)));
}

/// A convolution of each kind and a product, of which two share their weights; `bias` is no weight.
ir::Graph network(float most = 0.1f) {
  GraphBuilder b;
  ir::ValueId x = b.input({1, 20, 18, 17});
  const ir::ValueId shared = b.random({20, 20, 3, 3}, -most, most);
  for (int i = 0; i < 2; ++i) x = b.add(convOf(3, 1, 1), {x, shared, b.random({20})});
  x = b.add(convOf(3, 1, 1, 20), {x, b.random({20, 1, 3, 3}, -most, most)});
  x = b.add(convOf(3, 2, 1, 2), {x, b.random({40, 10, 3, 3}, -most, most)});
  x = b.add(convOf(1, 1, 0), {x, b.random({52, 40, 1, 1}, -most, most), b.random({52})});
  b.output(b.add(ops::MatMul(), {x, b.random({9, 120}, -most, most)}));
  return std::move(b.graph);
}

ir::Graph converted(ir::Graph graph, bool keepsHalves = true) {
  std::vector<std::string> without{"store-points"};
  if (!keepsHalves) without.emplace_back("keep-halves");
  const auto done = runPasses(graph, without);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return graph;
}

ir::Graph rounded(ir::Graph graph) {
  for (ir::Value& value : graph.values)
    if (value.isConstant() && value.type.shape.rank() > 1) roundToHalves(value);
  return graph;
}

int countOf(const ir::Graph& graph, Packing packing) {
  const auto isPacked = [&](const ir::Value& value) { return value.packing == packing; };
  return static_cast<int>(std::ranges::count_if(graph.values, isPacked));
}

std::vector<float> outputOf(const ir::Graph& graph, int threads, bool fast = true) {
  const test::Model model(graph);
  auto runtime = Runtime::create({.threads = threads});
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  auto session = interpreter->createSession({.fastKernels = fast});
  const auto output = test::runOnce(*session, 0.25f);
  EXPECT_EQ(runtime->ledger().peak.staticBytes, session->memory().staticBytes);
  EXPECT_EQ(runtime->ledger().peak.dynamicBytes, session->memory().dynamicBytes);
  return output;
}

TEST(HalveWeights, KeepsTheBitsOfRoundedWeights) {
  ir::Graph halved = converted(network());
  EXPECT_EQ(countOf(halved, Packing::F16x16), 0) << "nothing is rounded unasked";
  ASSERT_EQ(*halveWeights(halved), 5);
  EXPECT_EQ(countOf(halved, Packing::F32x16), 0);
  const std::vector<float> expected = outputOf(converted(rounded(network()), false), 1);
  ASSERT_FALSE(expected.empty());
  for (const int threads : {1, 2, 4}) EXPECT_EQ(outputOf(halved, threads), expected) << threads;
  EXPECT_EQ(outputOf(halved, 1, false), expected) << "the reference";
  EXPECT_NE(outputOf(converted(network()), 1), expected);
}

TEST(HalveWeights, OfDevicesToo) {
  ir::Graph halved = converted(network());
  ASSERT_EQ(*halveWeights(halved), 5);
  const test::Model model(halved);
  const std::vector<float> expected = outputOf(halved, 1);
  for (const BackendInfo& device : backendsHere()) {
    if (*device.device == '\0') continue;
    auto runtime = Runtime::create();
    auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
    auto session = interpreter->createSession({.backend = device.name});
    ASSERT_TRUE(session) << session.error().message;
    const auto output = test::runOnce(*session, 0.25f);
    ASSERT_EQ(output.size(), expected.size());
    for (size_t i = 0; i < output.size(); ++i)
      EXPECT_NEAR(output[i], expected[i], device.name == std::string_view("cl") ? 0 : 1e-6);
  }
}

TEST(HalveWeights, WhatFloat16HoldsIsKeptUnasked) {
  const ir::Graph plain = converted(rounded(network()), false),
                  kept = converted(rounded(network()));
  EXPECT_EQ(countOf(kept, Packing::F16x16), 5);
  EXPECT_LT(weightBytes(kept), weightBytes(plain) * 6 / 10);
  EXPECT_EQ(outputOf(kept, 1), outputOf(plain, 1));
}

TEST(HalveWeights, LeavesWhatFloat16HoldsBadly) {
  for (const float most : {1e6f, 1e-5f}) {
    ir::Graph graph = converted(network(most));
    EXPECT_EQ(*halveWeights(graph), 0) << most;
  }
}

TEST(HalveWeights, OfRandomGraphsKeepBits) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    ir::Graph graph = RandomGraph(seed).build(12);
    for (ir::Value& value : graph.values)
      if (value.isConstant() && value.type.type == DataType::Float32) roundToHalves(value);
    const ir::Graph plain = converted(graph.clone(), false), kept = converted(std::move(graph));
    const auto inputs = randomInputs(plain, seed);
    const std::vector<Tensor> a = runGraph(plain, inputs), b = runGraph(kept, inputs);
    for (size_t i = 0; i < a.size(); ++i)
      EXPECT_EQ(std::memcmp(a[i].bytes.get(), b[i].bytes.get(), a[i].view().bytes()), 0) << seed;
  }
}

}  // namespace
}  // namespace minnow::passes
