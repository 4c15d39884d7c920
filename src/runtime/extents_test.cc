// Sessions of a model that was converted for ranges and names of its inputs' axes.
#include <gtest/gtest.h>

#include <string_view>

#include "runtime/test_models.h"

namespace minnow {
namespace {

using Shapes = std::vector<std::pair<std::string, Shape>>;

/// a, b: [N, 3, S, S] -> out = conv(a + b); S is 4..16, b's channels are anything.
test::Model model() {
  test::Builder builder("sum");
  const ir::ValueId a = builder.input("a", {2, 3, 16, 16}), b = builder.input("b", {2, 3, 16, 16});
  ops::Binary sum;
  sum.fn = ops::BinaryFn::Add;
  ir::Graph graph = builder.finish(builder.conv(builder.add(sum, {a, b}), 3, 8, 3, 1, 1, 1));
  graph.extents = {{"N", 0, kAnyExtent, {{0, 0}, {1, 0}}},
                   {"S", 4, 16, {{0, 2}, {0, 3}, {1, 2}, {1, 3}}}};
  return test::Model(graph);
}

std::vector<float> run(Session& session) {
  auto frame = session.begin();
  if (!frame) return {};
  for (const size_t input : {0, 1}) {
    const TensorView to = frame->input(input);
    for (int64_t i = 0; i < to.elements(); ++i) to.as<float>()[i] = static_cast<float>(i % 7) - 2;
  }
  return frame->run() ? test::outputOf(*frame) : std::vector<float>();
}

class Extents : public testing::Test {
 protected:
  void expectShapes(const Shape& shape) const {
    for (const TensorInfo& input : session_.inputs()) EXPECT_EQ(input.shape, shape) << input.name;
  }
  /// Refused for a reason that names all of `parts`; nothing changes.
  void expectRefused(const Shapes& shapes, std::initializer_list<std::string_view> parts) {
    const Shape before = session_.inputs()[0].shape;
    const auto resized = session_.resizeInputs(shapes);
    ASSERT_FALSE(resized);
    EXPECT_EQ(resized.error().code, ErrorCode::ShapeMismatch);
    for (const std::string_view part : parts)
      EXPECT_NE(resized.error().message.find(part), std::string::npos) << resized.error().message;
    expectShapes(before);
  }

  const test::Model model_ = model();
  Runtime runtime_ = *Runtime::create();
  Interpreter interpreter_ = *Interpreter::createFromBuffer(runtime_, model_.span);
  Session session_ = *interpreter_.createSession();
};

TEST_F(Extents, AreToldOfEachAxis) {
  for (const size_t input : {0, 1}) {
    EXPECT_EQ(interpreter_.extent(input, 0).name, "N");
    EXPECT_EQ(interpreter_.extent(input, 1).name, "");
    EXPECT_EQ(interpreter_.extent(input, 1).most, kAnyExtent);
    for (const int axis : {2, 3}) {
      const ExtentInfo side = interpreter_.extent(input, axis);
      EXPECT_EQ(side.name, "S");
      EXPECT_EQ(side.least, 4);
      EXPECT_EQ(side.most, 16);
    }
  }
  for (const auto& [input, axis] :
       std::vector<std::pair<size_t, int>>{{2, 0}, {SIZE_MAX, 0}, {0, 4}, {0, -1}})
    EXPECT_EQ(interpreter_.extent(input, axis).name, "");
}

TEST_F(Extents, OfOneNameFollowTheInputThatIsResized) {
  ASSERT_TRUE(session_.resizeInput("a", {1, 3, 8, 8}));
  expectShapes({1, 3, 8, 8});
  EXPECT_FALSE(run(session_).empty());
  ASSERT_TRUE(session_.resizeInput("b", {5, 3, 4, 4}));
  expectShapes({5, 3, 4, 4});
  ASSERT_TRUE(session_.resizeInputs(Shapes{{"a", {1, 3, 16, 16}}, {"b", {1, 3, 16, 16}}}));
  expectShapes({1, 3, 16, 16});
}

TEST_F(Extents, OutOfTheirRangeAreRefused) {
  expectRefused({{"a", {1, 3, 3, 3}}}, {"input 'a'", "axis 2 (S)", "is 3", "4..16", "--shape"});
  expectRefused({{"b", {1, 3, 17, 17}}}, {"(S)", "is 17", "4..16"});
  EXPECT_TRUE(session_.resizeInput("a", {1, 3, 4, 4}));
}

TEST_F(Extents, OfOneNameMustAgree) {
  expectRefused({{"a", {1, 3, 8, 9}}}, {"axis 2 (S) of input 'a' is 8", "axis 3 (S)", "is 9"});
  expectRefused({{"a", {1, 3, 8, 8}}, {"b", {2, 3, 8, 8}}},
                {"axis 0 (N) of input 'a' is 1", "axis 0 (N) of input 'b' is 2"});
}

/// Import functions and passes have counted axes.
TEST_F(Extents, ShapesOfAnotherRankAreRefused) {
  expectRefused({{"a", {3, 8, 8}}}, {"input 'a' has 4 axes", "3x8x8 has 3"});
  expectRefused({{"a", {1, 1, 3, 8, 8}}}, {"input 'a' has 4 axes"});
}

TEST_F(Extents, NeedMostForTheLargest) {
  const size_t largest = session_.memory().dynamicBytes;
  for (int64_t side = 4; side <= 16; ++side) {
    ASSERT_TRUE(session_.resizeInput("a", {2, 3, side, side}));
    EXPECT_LE(session_.memory().dynamicBytes, largest) << side;
  }
}

/// A device that has too little for the largest still has sessions of smaller sizes.
TEST_F(Extents, SessionsAreMadeForSizesWhereTheLargestDoesNotFit) {
  const Shapes small{{"a", {1, 3, 8, 8}}};
  ASSERT_TRUE(session_.resizeInputs(small));
  const MemoryReport memory = session_.memory();
  auto runtime = *Runtime::create({.memoryBudget = memory.total()});
  const auto interpreter = *Interpreter::createFromBuffer(runtime, model_.span);
  const auto largest = interpreter.createSession();
  ASSERT_FALSE(largest);
  EXPECT_EQ(largest.error().code, ErrorCode::OutOfMemory);
  auto session = interpreter.createSession({}, small);
  ASSERT_TRUE(session) << session.error().message;
  for (const TensorInfo& input : session->inputs()) EXPECT_EQ(input.shape, (Shape{1, 3, 8, 8}));
  EXPECT_EQ(session->memory().total(), memory.total());
  EXPECT_EQ(run(*session), run(session_));
  EXPECT_EQ(interpreter.createSession({}, Shapes{{"a", {1, 3, 17, 17}}}).error().code,
            ErrorCode::ShapeMismatch);
  EXPECT_EQ(interpreter.createSession({}, Shapes{{"c", {1}}}).error().code, ErrorCode::NotFound);
}

/// Weights belong to the model, whatever sizes its sessions have, and to the file, however often it
/// is opened.
TEST_F(Extents, SessionsOfSeveralSizesShareTheWeights) {
  const size_t weights = session_.memory().staticBytes;
  ASSERT_GT(weights, 0u);
  const Interpreter again = *Interpreter::createFromBuffer(runtime_, model_.span);
  std::vector<Session> sessions;
  for (int64_t side = 4; side < 16; ++side) {
    const Shapes shapes{{"a", {1, 3, side, side}}};
    sessions.push_back(*(side % 2 ? again : interpreter_).createSession({}, shapes));
    EXPECT_FALSE(run(sessions.back()).empty());
  }
  EXPECT_EQ(runtime_.ledger().now.staticBytes, weights);
  EXPECT_EQ(runtime_.predicted().staticBytes, weights);
}

}  // namespace
}  // namespace minnow
