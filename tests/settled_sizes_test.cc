// Models with shape arithmetic: a session that is resized computes what a model converted for those
// shapes computes, to the bit, or is refused with node and reason.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace minnow
