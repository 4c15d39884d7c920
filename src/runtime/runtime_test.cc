// The way from a graph through the file into a session: sharing of memory, leases, callbacks,
// errors.
#include "minnow/runtime.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/reshape.h"
#include "ops/resize.h"
#include "ops/select.h"
#include "ops/unary.h"
#include "runtime/test_models.h"

namespace minnow {
namespace {

using ops::StorageOrder;
using test::Model;

ir::ValueId append(ir::Graph& graph, std::string name, std::unique_ptr<ops::Operator> op,
                   std::vector<ir::ValueId> inputs, StorageOrder order) {
  ir::Node node{name, std::move(op), std::move(inputs), {}};
  const auto types = node.op->inferShape(graph.inputTypes(node));
  EXPECT_TRUE(types.has_value()) << types.error().message;
  node.outputs.push_back(graph.addValue({std::move(name), (*types)[0], order}));
  graph.nodes.push_back(std::move(node));
  return graph.nodes.back().outputs[0];
}

std::unique_ptr<ops::Unary> unary(ops::UnaryFn fn) {
  auto op = std::make_unique<ops::Unary>();
  op->fn = fn;
  return op;
}

/// x -> conv1x1 (y = sum of channels) -> relu, x -> sigmoid; both concatenated along channels.
ir::Graph twoBranches() {
  ir::Graph graph;
  graph.name = "two-branches";
  const auto x =
      graph.addValue({"x", {DataType::Float32, {1, 4, 3, 2}}, StorageOrder::ChannelsLast});
  graph.inputs = {x};
  const std::vector<float> ones(8, 1.0f);
  const auto w = graph.addFloats("w", {2, 4, 1, 1}, ones);
  auto conv = std::make_unique<ops::Conv>();
  conv->kernel = conv->strides = conv->dilations = {1, 1};
  conv->padsBegin = conv->padsEnd = {0, 0};
  const auto sums = append(graph, "sums", std::move(conv), {x, w}, StorageOrder::ChannelsLast);
  const auto positive =
      append(graph, "positive", unary(ops::UnaryFn::Relu), {sums}, StorageOrder::ChannelsLast);
  const auto squashed =
      append(graph, "squashed", unary(ops::UnaryFn::Sigmoid), {x}, StorageOrder::ChannelsLast);
  auto concat = std::make_unique<ops::Concat>();
  concat->axis = 1;
  graph.outputs = {
      append(graph, "joined", std::move(concat), {positive, squashed}, StorageOrder::ChannelsLast)};
  graph.outputNames = {"out"};
  return graph;
}

void fill(const TensorView& view) {
  std::vector<float> plain(static_cast<size_t>(view.elements()));
  for (size_t i = 0; i < plain.size(); ++i) plain[i] = 0.25f * static_cast<float>(i % 13) - 1.0f;
  copyTensor({{view.type, view.shape, plainStrides(view.shape)}, plain.data()}, view);
}

std::vector<float> valuesOf(const TensorView& view) {
  std::vector<float> plain(static_cast<size_t>(view.elements()));
  copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, plain.data()});
  return plain;
}

TEST(Runtime, BranchesAreWrittenIntoTheirConcatenation) {
  const Model model(twoBranches());
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  ASSERT_TRUE(interpreter.has_value()) << interpreter.error().message;
  auto session = interpreter->createSession();
  ASSERT_TRUE(session.has_value()) << session.error().message;
  EXPECT_EQ(session->operators().back().kernel, "view");
  auto frame = session->begin();
  ASSERT_TRUE(frame.has_value());
  fill(frame->input("x"));
  const std::vector<float> x = valuesOf(frame->input("x"));
  ASSERT_TRUE(frame->run().has_value());
  const std::vector<float> out = valuesOf(frame->output("out"));
  ASSERT_EQ(out.size(), 36U);
  for (int pixel = 0; pixel < 6; ++pixel) {
    const float sum = x[pixel] + x[6 + pixel] + x[12 + pixel] + x[18 + pixel];
    EXPECT_FLOAT_EQ(out[pixel], std::max(sum, 0.0f));
    EXPECT_FLOAT_EQ(out[6 + pixel], std::max(sum, 0.0f));
    EXPECT_NEAR(out[12 + pixel], 1 / (1 + std::exp(-x[pixel])), 1e-6);
  }
}

TEST(Runtime, PlanIsExactAndSmall) {
  const Model model(twoBranches());
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  auto session = interpreter->createSession();
  const MemoryReport report = session->memory();
  EXPECT_GE(report.dynamicBytes, report.lowerBoundBytes);
  EXPECT_EQ(runtime->arenaBytes(), report.dynamicBytes);
}

TEST(Runtime, ASecondFrameIsRefusedAndALeaseIsGivenBack) {
  const Model model(twoBranches());
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  auto one = interpreter->createSession({.waitForArena = false});
  auto two = interpreter->createSession({.waitForArena = false});
  {
    auto frame = one->begin();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(one->begin().error().code, ErrorCode::Busy);
    EXPECT_EQ(two->begin().error().code, ErrorCode::Busy);
  }
  EXPECT_TRUE(two->begin().has_value());
}

TEST(Runtime, ResizingPlansAnew) {
  const Model model(twoBranches());
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  auto session = interpreter->createSession();
  EXPECT_EQ(session->resizeInput("y", {1, 4, 5, 5}).error().code, ErrorCode::NotFound);
  EXPECT_EQ(session->resizeInput("x", {1, 5, 5, 5}).error().code, ErrorCode::ShapeMismatch);
  const auto nine = session->resizeInput("x", {1, 4, 5, 5, 1, 1, 1, 1, 1});
  EXPECT_EQ(nine.error().code, ErrorCode::ShapeMismatch);
  EXPECT_NE(nine.error().message.find("more than 8 axes"), std::string::npos);
  ASSERT_TRUE(session->resizeInput("x", {1, 4, 5, 5}).has_value());
  EXPECT_EQ(session->outputs()[0].shape, (Shape{1, 6, 5, 5}));
  auto frame = session->begin();
  fill(frame->input(0));
  EXPECT_TRUE(frame->run().has_value());
}

TEST(Runtime, WeightsAreVerifiedWhenAsked) {
  const Model model(twoBranches());
  auto runtime = Runtime::create();
  const InterpreterOptions verify{.verifyWeights = true};
  EXPECT_TRUE(Interpreter::createFromBuffer(*runtime, model.span, verify));
  model.memory[static_cast<ptrdiff_t>(model.span.size()) - 1] ^= std::byte{1};
  EXPECT_TRUE(Interpreter::createFromBuffer(*runtime, model.span));
  const auto damaged = Interpreter::createFromBuffer(*runtime, model.span, verify);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::BadModel);
  EXPECT_EQ(runtime->predicted().staticBytes, 0u);
}

TEST(Runtime, CallbacksSeeEveryOperatorAndMayStop) {
  const Model model(twoBranches());
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  auto session = interpreter->createSession();
  auto frame = session->begin();
  fill(frame->input(0));
  std::vector<std::string> seen;
  const OpCallback note = [&](const OperatorInfo& info, std::span<const TensorView>) {
    seen.push_back(info.name);
    return info.name == "squashed" ? CallbackVerdict::Stop : CallbackVerdict::Continue;
  };
  EXPECT_EQ(frame->runWithCallback({}, note).error().code, ErrorCode::Stopped);
  EXPECT_EQ(seen, (std::vector<std::string>{"sums", "positive", "squashed"}));
}

// 5 GB: 80 outputs of 64 MB.
TEST(Runtime, ArenasThatNoCpuAddressesAreRefused) {
  test::Builder b("large");
  const ir::ValueId x = b.input("x", {1 << 24});
  ir::Graph graph = b.finish(x);
  graph.outputs.clear(), graph.outputNames.clear();
  graph.values[x].order = StorageOrder::Plain;
  for (int i = 0; i < 80; ++i) {
    graph.outputNames.push_back("y" + std::to_string(i));
    graph.outputs.push_back(append(graph, graph.outputNames.back(), unary(ops::UnaryFn::Relu), {x},
                                   StorageOrder::Plain));
  }
  const Model model(graph);
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  ASSERT_TRUE(interpreter) << interpreter.error().message;
  const auto session = interpreter->createSession();
  ASSERT_EQ(session.has_value(), sizeof(size_t) > 4);
  if (!session) {
    EXPECT_EQ(session.error().code, ErrorCode::OutOfMemory);
  }
}

/// However far other extents reach: the tables of a Resize, and the order that TopK sorts.
TEST(Runtime, EmptyResultsTakeNoWorkspace) {
  test::Builder b("empty");
  const ir::ValueId x = b.input("x", {2, 0});
  ops::Resize resize;
  resize.mode = ops::ResizeMode::Nearest;
  resize.sizes = {sizeof(size_t) > 4 ? 1 << 30 : 1 << 26, 0};
  ops::TopK topK;
  topK.axis = 1;
  topK.k = 0;
  ir::Graph graph = b.finish(x);
  const ir::ValueId large =
      append(graph, "large", std::make_unique<ops::Resize>(resize), {x}, StorageOrder::Plain);
  graph.outputs = {
      append(graph, "top", std::make_unique<ops::TopK>(topK), {large}, StorageOrder::Plain)};
  graph.values[x].order = StorageOrder::Plain;
  const Model model(graph);
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  ASSERT_TRUE(interpreter) << interpreter.error().message;
  auto session = interpreter->createSession();
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_LT(session->memory().dynamicBytes, 4096U);
  auto frame = session->begin();
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_TRUE(frame->run());
  EXPECT_EQ(frame->output(0).shape, (Shape{resize.sizes[0], 0}));
}

}  // namespace
}  // namespace minnow
