// Small graphs from float to integers: which operators they become, what is reported of them, and
// that nothing but the pictures decides.
#include "quantise/quantise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "format/write.h"
#include "ops/cast.h"
#include "ops/quantized.h"
#include "ops/transpose.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "quantise/equalise.h"
#include "quantise/writer.h"

namespace minnow::quantise {
namespace {

using ir::ValueId;
using passes::binary;
using passes::convOf;
using passes::GraphBuilder;
using passes::poolOf;
using passes::unary;

/// Pictures of random numbers from -4 to 4, `scale` times.
Samples samples(size_t count, float scale = 1) {
  return {
      count,
      [scale](size_t i, const Frame& frame, std::span<const TensorInfo> inputs) -> Result<void> {
        std::mt19937 random(static_cast<unsigned>(i));
        std::uniform_real_distribution<float> uniform(-4, 4);
        for (size_t n = 0; n < inputs.size(); ++n) {
          std::vector<float> numbers(static_cast<size_t>(inputs[n].shape.elements()));
          for (float& x : numbers) x = scale * uniform(random);
          const TensorView to = frame.input(n);
          copyTensor({{to.type, to.shape, plainStrides(to.shape)}, numbers.data()}, to);
        }
        return {};
      },
      [](size_t i) { return "picture " + std::to_string(i); }};
}

struct Quantised {
  ir::Graph graph;
  Report report;
};
Quantised quantise(const ir::Graph& graph, const Options& options = {}) {
  Quantised to;
  auto done = quantiseGraph(graph.clone(), samples(3), options, to.report);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  if (done) to.graph = std::move(*done);
  return to;
}

/// Kinds of operators once those on integers are made.
std::string kindsOf(const ir::Graph& graph) {
  ir::Graph fused = graph.clone();
  std::vector<std::string> others;
  for (const passes::Pass& pass : passes::allPasses())
    if (pass.name != std::string_view("fuse-quantised") &&
        pass.name != std::string_view("fold-constants"))
      others.emplace_back(pass.name);
  EXPECT_TRUE(passes::runPasses(fused, others));
  return passes::kinds(fused);
}

/// Convolution, activation, convolution.
ir::Graph twoLayers(ops::Unary activation = unary(ops::UnaryFn::Relu), int64_t groups = 1) {
  GraphBuilder b(5);
  const ValueId x = b.input({1, 3, 8, 8});
  const ValueId y = b.add(convOf(3, 1, 1), {x, b.random({6, 3, 3, 3}), b.random({6})});
  const ValueId z = b.add(activation, {y});
  b.output(b.add(convOf(1, 1, 0, groups), {z, b.random({6, 6 / groups, 1, 1}), b.random({6})}));
  return std::move(b.graph);
}

TEST(Quantise, LayersBecomeIntegersToTheLastConvolution) {
  const auto two = quantise(twoLayers());
  EXPECT_EQ(kindsOf(two.graph), "QuantizeLinear QuantizedConv QuantizedConv DequantizeLinear");
  EXPECT_EQ(two.report.costs.layers.size(), 2U);
  EXPECT_GT(two.report.costs.output, 0);
  EXPECT_LT(two.report.costs.output, 0.02);
}

TEST(Quantise, WhatFollowsTheLastConvolutionStaysFloat) {
  GraphBuilder b;
  const ValueId x = b.input({1, 4, 6, 6});
  const ValueId y = b.add(convOf(1, 1, 0), {x, b.random({4, 4, 1, 1})});
  b.output(b.add(unary(ops::UnaryFn::Exp), {y}));
  EXPECT_EQ(kindsOf(quantise(b.graph).graph), "QuantizeLinear QuantizedConv DequantizeLinear Exp");
}

TEST(Quantise, WhatMovesKeepsItsScale) {
  GraphBuilder b;
  const ValueId x = b.input({1, 4, 8, 8});
  const ValueId y = b.add(convOf(3, 1, 1), {x, b.random({4, 4, 3, 3})});
  const ValueId z = b.add(poolOf(ops::PoolFn::Max, 2, 2), {y});
  b.output(b.add(convOf(1, 1, 0), {z, b.random({4, 4, 1, 1})}));
  EXPECT_EQ(kindsOf(quantise(b.graph).graph),
            "QuantizeLinear QuantizedConv MaxPool QuantizedConv DequantizeLinear");
}

TEST(Quantise, SumsAndGatesBetweenConvolutions) {
  GraphBuilder b;
  const ValueId x = b.input({1, 4, 8, 8});
  const ValueId y = b.add(convOf(3, 1, 1), {x, b.random({4, 4, 3, 3})});
  const ValueId gate = b.add(unary(ops::UnaryFn::Sigmoid), {y});
  const ValueId sum = b.add(binary(ops::BinaryFn::Add), {x, gate});
  b.output(b.add(convOf(1, 1, 0), {sum, b.random({4, 4, 1, 1})}));
  EXPECT_EQ(kindsOf(quantise(b.graph).graph),
            "QuantizeLinear QuantizedConv LookUp QuantizedAdd QuantizedConv DequantizeLinear");
}

TEST(Quantise, ConstantsOnEitherSide) {
  GraphBuilder b;
  const ValueId x = b.input({1, 4, 8, 8});
  const ValueId y = b.add(binary(ops::BinaryFn::Mul), {b.random({}), x});
  const ValueId z = b.add(binary(ops::BinaryFn::Add), {y, b.random({8, 8})});
  b.output(b.add(convOf(1, 1, 0), {z, b.random({4, 4, 1, 1})}));
  EXPECT_EQ(kindsOf(quantise(b.graph).graph),
            "QuantizeLinear QuantizedMul QuantizedAdd QuantizedConv DequantizeLinear");
}

TEST(Quantise, KeptLayersAreThoseThatCostMost) {
  const auto all = quantise(twoLayers());
  const auto kept = quantise(twoLayers(), {.keep = 1});
  const auto& before = all.report.costs.layers;
  const size_t worst = before[0].single >= before[1].single ? 0 : 1;
  EXPECT_FALSE(kept.report.costs.layers[worst].isInteger);
  EXPECT_TRUE(kept.report.costs.layers[1 - worst].isInteger);
  EXPECT_EQ(kept.report.costs.layers[worst].single, 0);
  EXPECT_LT(kept.report.costs.output, all.report.costs.output);
  EXPECT_EQ(kindsOf(quantise(twoLayers(), {.keep = 2}).graph), "Conv Relu Conv");
}

TEST(Quantise, WhatALayerInFloatPutsOutIsNotWhatItsReadersRoundItTo) {
  GraphBuilder b;
  const ValueId x = b.input({1, 4, 8, 8});
  const ValueId y = b.add(binary(ops::BinaryFn::Max), {x, b.random({4, 1, 1})});
  b.output(y);
  b.output(b.add(convOf(1, 1, 0), {y, b.random({4, 4, 1, 1})}));
  const auto layers = quantise(b.graph).report.costs.layers;
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_TRUE(!layers[0].isInteger && layers[1].isInteger);
  EXPECT_EQ(layers[0].entire, 0);
  EXPECT_GT(layers[1].entire, 0);
}

TEST(Quantise, AsFewStayFloatAsTheErrorAsksFor) {
  const double whole = quantise(twoLayers()).report.costs.output;
  const double one = quantise(twoLayers(), {.keep = 1}).report.costs.output;
  const auto integersWith = [](double error) {
    const auto done = quantise(twoLayers(), {.maxError = error});
    EXPECT_LE(done.report.costs.output, error);
    return std::ranges::count_if(done.report.costs.layers, &LayerCost::isInteger);
  };
  EXPECT_EQ(integersWith(whole * 1.01), 2);
  EXPECT_EQ(integersWith((whole + one) / 2), 1);
  EXPECT_EQ(integersWith(one / 100), 0);
}

TEST(Quantise, ALayerAloneInheritsNothing) {
  GraphBuilder b;
  const ValueId x = b.input({1, 4, 6, 6});
  b.output(b.add(convOf(3, 1, 1), {x, b.random({4, 4, 3, 3})}));
  const auto done = quantise(b.graph);
  ASSERT_EQ(done.report.costs.layers.size(), 1U);
  EXPECT_EQ(done.report.costs.layers[0].single, done.report.costs.layers[0].entire);
  EXPECT_EQ(done.report.costs.layers[0].entire, done.report.costs.output);
}

TEST(Quantise, ErrorsAreThoseOfTheFileThatIsWritten) {
  const ir::Graph graph = twoLayers();
  const auto done = quantise(graph, {.equalise = false});
  ir::Graph fused = done.graph.clone();
  ASSERT_TRUE(passes::runPasses(fused, {}));
  double error = 0, original = 0;
  auto integers = Observed::create(fused, 1), floats = Observed::create(graph, 1);
  ASSERT_TRUE(integers && floats);
  for (size_t i = 0; i < 3; ++i) {
    std::vector<float> a, b;
    const auto keepLast = [](std::vector<float>& to) {
      return [&to](const std::string&, const TensorView& view) -> Result<void> {
        if (view.type != DataType::Float32) return {};
        to.resize(static_cast<size_t>(view.elements()));
        copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, to.data()});
        return {};
      };
    };
    ASSERT_TRUE(integers->run(samples(3), i, keepLast(a)));
    ASSERT_TRUE(floats->run(samples(3), i, keepLast(b)));
    ASSERT_EQ(a.size(), b.size());
    for (size_t k = 0; k < a.size(); ++k)
      error += std::pow(double{a[k]} - b[k], 2), original += std::pow(double{b[k]}, 2);
  }
  EXPECT_DOUBLE_EQ(done.report.costs.output, std::sqrt(error / original));
}

TEST(Quantise, SamePicturesSameBytes) {
  for (const RangeRule rule :
       {RangeRule::MinMax, RangeRule::Percentile, RangeRule::Squares, RangeRule::Divergence}) {
    Options options;
    options.plan.ranges.rule = rule;
    const auto first = format::write(quantise(twoLayers(), options).graph);
    options.threads = 2;
    const auto second = format::write(quantise(twoLayers(), options).graph);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(*first, *second);
  }
}

TEST(Quantise, QuantisedModelsAndNumbersThatAreNoneAreRefused) {
  Report report;
  const auto again = quantiseGraph(quantise(twoLayers()).graph, samples(1), {}, report);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("quantised already"), std::string::npos);
  const auto endless = quantiseGraph(twoLayers(), samples(1, INFINITY), {}, report);
  ASSERT_FALSE(endless);
  EXPECT_NE(endless.error().message.find("picture 0: tensor 'in0'"), std::string::npos)
      << endless.error().message;
}

/// As TensorFlow Lite's are, from bytes to bytes.
TEST(Quantise, ModelsOfBytesAloneAreRefused) {
  GraphBuilder b;
  const ValueId x = b.graph.addValue({.name = "x", .type = {DataType::Uint8, Shape{3, 8}}});
  b.graph.inputs.push_back(x);
  const std::vector<std::byte> weights(40, std::byte{1});
  const ValueId w = b.graph.addConstant("w", {DataType::Int8, Shape{8, 5}}, weights);
  b.output(b.add(ops::QuantizedMatMul(), {x, w, ir::kNoValue, b.scalar(0.25F)}));
  Report report;
  const auto done = quantiseGraph(std::move(b.graph), samples(1), {}, report);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("quantised already"), std::string::npos);
}

ops::Cast castTo(DataType type) {
  ops::Cast op;
  op.to = type;
  return op;
}

TEST(Quantise, BytesWithoutAScaleAreNoQuantisation) {
  GraphBuilder b;
  const ValueId x = b.input({1, 4, 6, 6});
  ops::Transpose turned;
  turned.perm = {0, 1, 3, 2};
  const ValueId bytes = b.add(turned, {b.add(castTo(DataType::Uint8), {x})});
  const ValueId y = b.add(castTo(DataType::Float32), {bytes});
  b.output(b.add(convOf(1, 1, 0), {y, b.random({4, 4, 1, 1})}));
  Report report;
  const auto done = quantiseGraph(std::move(b.graph), samples(1), {}, report);
  EXPECT_TRUE(done) << done.error().message;
}

// Parts -------------------------------------------------------------------------------------------

/// What calibration sees of a graph.
Seen seenOf(const ir::Graph& graph) {
  Seen seen(graph.values.size());
  auto observed = Observed::create(graph, 1);
  EXPECT_TRUE(observed);
  const Look look = [&](const std::string& name, const TensorView& view) -> Result<void> {
    std::vector<float> floats(static_cast<size_t>(view.elements()));
    copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, floats.data()});
    for (size_t id = 0; id < seen.size(); ++id)
      if (graph.values[id].name == name)
        addExtremes(seen[id], floats, view.shape[1], view.shape[2] * view.shape[3]);
    return {};
  };
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(observed->run(samples(3), i, look));
  return seen;
}

TEST(Equalise, TheNetworkStaysTheSame) {
  for (const auto& activation : {unary(ops::UnaryFn::Relu), unary(ops::UnaryFn::Clip, 0, 1e6F)})
    for (const int64_t groups : {1, 2, 6}) {
      const ir::Graph before = twoLayers(activation, groups);
      ir::Graph after = before.clone();
      EXPECT_EQ(equalise(after, seenOf(before)), 1);
      passes::expectSameResults(before, after);
    }
}

TEST(Equalise, ChannelsOfADepthwiseConvolutionBecomeEquallyLarge) {
  const ir::Graph before = twoLayers(unary(ops::UnaryFn::Relu), 6);
  ir::Graph after = before.clone();
  equalise(after, seenOf(before));
  const auto sizes = seenOf(after)[at(after.nodes[2].inputs[0])].channelMost;
  for (const float size : sizes) EXPECT_NEAR(size, sizes[0], 1e-4F * sizes[0]);
}

TEST(Equalise, WhatAClipCutsOffStays) {
  const ir::Graph before = twoLayers(unary(ops::UnaryFn::Clip, 0, 6), 6);
  ir::Graph after = before.clone();
  equalise(after, seenOf(before));
  const auto inputs = passes::randomInputs(before, 2);  // the last of the pictures seen
  const auto a = passes::runGraph(before, inputs), b = passes::runGraph(after, inputs);
  for (size_t i = 0; i < passes::Tensor(a[0]).floats().size(); ++i)
    EXPECT_NEAR(passes::Tensor(a[0]).floats()[i], passes::Tensor(b[0]).floats()[i], 1e-3F);
}

TEST(Weights, AreRoundedByChannelAndBiasesTakeTheMean) {
  ir::Graph graph = twoLayers();
  Statistics input;
  const std::vector<float> constant{2, 2, -3, -3, 5, 5};  // three channels that never vary
  ASSERT_TRUE(addExtremes(input, constant, 3, 2));
  const auto to = quantisedWeights(graph, 0, 0.05F, &input);
  const auto weights = graph.values[at(graph.nodes[0].inputs[1])].elements<float>();
  const auto bias = graph.values[at(graph.nodes[0].inputs[2])].elements<float>();
  const float x[] = {2, -3, 5};
  for (size_t o = 0; o < 6; ++o) {
    double exact = bias[o], rounded = to.bias[o];
    for (size_t i = 0; i < 27; ++i) {
      const float w = weights[o * 27 + i], q = static_cast<float>(to.integers[o * 27 + i]);
      EXPECT_LE(std::abs(w - q * to.scales[o]), to.scales[o] * 0.5001F);
      exact += double{w} * x[i / 9], rounded += double{q} * to.scales[o] * x[i / 9];
    }
    EXPECT_NEAR(exact, rounded, 1e-5);
  }
}

TEST(Weights, ScalesLeaveRoomForTheBias) {
  GraphBuilder b;
  const ValueId x = b.input({1, 1, 4, 4});
  b.output(b.add(convOf(1, 1, 0), {x, b.floats({1, 1, 1, 1}, {1e-9F}), b.floats({1}, {3})}));
  const auto to = quantisedWeights(b.graph, 0, 0.01F, nullptr);
  EXPECT_LT(3 / (0.01F * to.scales[0]), 2147483648.0F);
  EXPECT_EQ(kindsOf(quantise(b.graph).graph), "QuantizeLinear QuantizedConv DequantizeLinear");
}

}  // namespace
}  // namespace minnow::quantise
