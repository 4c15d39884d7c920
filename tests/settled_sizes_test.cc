// Models with shape arithmetic: a session that is resized computes what a model converted for those
// shapes computes, to the bit, or is refused with node and reason.
#include <gtest/gtest.h>

#include <random>

#include "format/read.h"
#include "sizes/settle.h"
#include "tests/resized.h"

namespace minnow {
namespace {

using test::expectAsConverted;
using test::OnnxModel;
using test::OnnxSession;
using test::PlainTensor;
using test::setInt;
using test::setInts;

constexpr auto kInt64 = onnx::TensorProto::INT64;

const std::vector<Shape> kShapes{{1, 2, 3, 4}, {2, 2, 5, 3}, {1, 4, 1, 8}, {3, 1, 7, 2}};

/// x: [n, c, h, w] becomes [n, c, h * w] by Shape, Gather, Concat and Reshape.
OnnxModel flattened() {
  OnnxModel model(13);
  model.constant("zero", {1}, {0}, kInt64);
  model.constant("one", {1}, {1}, kInt64);
  model.constant("rest", {1}, {-1}, kInt64);
  model.node("Shape", {"x"}, "shape");
  model.node("Gather", {"shape", "zero"}, "n");
  model.node("Gather", {"shape", "one"}, "c");
  setInt(model.node("Concat", {"n", "c", "rest"}, "target"), "axis", 0);
  return model;
}

TEST(SettledSizes, ReshapeFollowsTheShape) {
  OnnxModel model = flattened();
  model.node("Reshape", {"x", "target"});
  expectAsConverted(model, {1, 2, 3, 4}, kShapes, [](const Shape& x, const PlainTensor& y) {
    EXPECT_EQ(y.type.shape, (Shape{x[0], x[1], x[2] * x[3]}));
  });
}

TEST(SettledSizes, SizesAreOutputsToo) {
  OnnxModel model = flattened();
  model.node("Identity", {"target"});
  expectAsConverted(model, {1, 2, 3, 4}, kShapes, [](const Shape& x, const PlainTensor& y) {
    EXPECT_EQ(y.at(0), static_cast<double>(x[0]));
    EXPECT_EQ(y.at(1), static_cast<double>(x[1]));
  });
}

TEST(SettledSizes, WhatNothingFollowsIsRefusedByNode) {
  OnnxModel model(13);
  model.node("Shape", {"x"}, "shape");
  model.constant("three", {1}, {3}, kInt64);
  model.node("Gather", {"shape", "three"}, "w");
  model.node("ReduceSum", {"x", "w"});
  auto session = OnnxSession::create(model, {1, 2, 3, 2});
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_TRUE(session->session().resizeInput("x", {4, 5, 6, 2}));
  const auto refused = session->session().resizeInput("x", {4, 5, 6, 3});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
  EXPECT_NE(refused.error().message.find("node 'ReduceSum_y' (ReduceSum)"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(session->run().type.shape[1], 5) << "a refused resize changes nothing";
}

/// What follows sizes is a constant of the file for the converted sizes alone: no pass may take it
/// into weights.
TEST(SettledSizes, FactorsByASizeAreNotFoldedIntoWeights) {
  OnnxModel model(13);
  model.constant("three", {1}, {3}, kInt64);
  model.constant("w", {2, 2, 1, 1}, {1, -2, 3, 0.5});
  model.node("Shape", {"x"}, "shape");
  model.node("Gather", {"shape", "three"}, "w_int");
  setInt(model.node("Cast", {"w_int"}, "width"), "to", onnx::TensorProto::FLOAT);
  model.node("Conv", {"x", "w"}, "maps");
  model.node("Div", {"maps", "width"});
  expectAsConverted(model, {1, 2, 3, 4}, {{1, 2, 3, 7}, {2, 2, 1, 1}, {1, 2, 3, 4}});
}

/// A grid of anchors is too large to be computed while importing, and is folded by a pass.
TEST(SettledSizes, LargeGridsAreFoldedAndFollow) {
  OnnxModel model(13);
  const auto count = [&](const std::string& axis, double number) {
    model.constant(axis, {}, {number}, kInt64);
    model.node("Gather", {"shape", axis}, axis + "_extent");
    return model.node("Range", {"zero", axis + "_extent", "one"}, axis + "_range").output(0);
  };
  model.constant("zero", {}, {0}, kInt64);
  model.constant("one", {}, {1}, kInt64);
  model.constant("column", {2}, {-1, 1}, kInt64);
  model.node("Shape", {"x"}, "shape");
  const std::string rows = count("h", 2), columns = count("w", 3);
  model.node("Reshape", {rows, "column"}, "stacked");
  model.node("Mul", {"stacked", columns}, "grid");
  setInt(model.node("Cast", {"grid"}, "places"), "to", onnx::TensorProto::FLOAT);
  model.node("Add", {"x", "places"});
  expectAsConverted(model, {1, 2, 100, 80}, {{1, 2, 7, 9}, {2, 1, 110, 90}, {1, 2, 200, 3}},
                    [](const Shape& x, const PlainTensor& y) {
                      const int64_t last = x.elements() - 1;
                      EXPECT_EQ(y.at(last), static_cast<double>(test::wholeNumber(last) +
                                                                (x[2] - 1) * (x[3] - 1)));
                    });
}

/// A tensor of another rank would need another graph.
TEST(SettledSizes, AnotherRankIsRefused) {
  OnnxModel model(13);
  model.node("Squeeze", {"x"}, "small");
  model.node("Relu", {"small"});
  auto session = OnnxSession::create(model, {1, 2, 3, 4});
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_TRUE(session->session().resizeInput("x", {1, 5, 6, 7}));
  const auto refused = session->session().resizeInput("x", {2, 2, 3, 4});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("'Squeeze_small'"), std::string::npos)
      << refused.error().message;
}

/// An error or a right result, whatever a file says that follows what.
TEST(SettledSizes, LyingFilesAreRefusedOrRight) {
  OnnxModel model = flattened();
  model.node("Reshape", {"x", "target"}, "flat");
  setInt(model.node("Cast", {"n"}, "factor"), "to", onnx::TensorProto::FLOAT);
  model.node("Mul", {"flat", "factor"});
  const auto file = model.convert({1, 2, 3, 4});
  ASSERT_TRUE(file) << file.error().message;
  const auto memory = base::alignedBytes(file->size());
  std::ranges::copy(*file, memory.get());
  const auto graph = format::read({memory.get(), file->size()}, "test");
  ASSERT_TRUE(graph) << graph.error().message;
  ASSERT_TRUE(graph->sizes);
  std::mt19937 random(1);
  int refused = 0, settled = 0;
  for (int i = 0; i < 3000; ++i) {
    auto program = format::read(graph->sizes->bytes, "sizes");
    ASSERT_TRUE(program) << program.error().message;
    ir::Graph main = graph->clone();
    const auto any = [&] { return static_cast<ir::ValueId>(random() % 40) - 2; };
    if (random() % 2)
      main.values[random() % main.values.size()].size = any();
    else
      for (ir::Node& node : main.nodes)
        for (ir::Setting& setting : node.settings) setting.size = any();
    if (random() % 3 == 0) program->assumptions.push_back({any(), any(), "n", "Shape"});
    if (random() % 3 == 0)
      program->nodes[random() % program->nodes.size()].settings.push_back({"axis", any()});
    if (random() % 4 == 0) program->outputs[0] = program->inputs[0];
    const auto extent = [&] { return static_cast<int64_t>(random() % 9); };
    const TensorType x{DataType::Float32, {extent(), extent(), extent(), extent()}};
    auto result = sizes::settle(main, std::move(*program), {&x, 1});
    if (result) {
      ASSERT_TRUE(result->graph.verify()) << i;
    }
    ++(result ? settled : refused);
  }
  EXPECT_GT(refused, 300);
  EXPECT_GT(settled, 300);
}

}  // namespace
}  // namespace minnow
