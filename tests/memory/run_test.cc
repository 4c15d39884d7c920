// A frame allocates nothing: every operator case is made into a model of one operator and run with
// all allocation functions replaced; so are small networks, on one thread and three.
#include <gtest/gtest.h>

#include "ops/expand.h"
#include "ops/in_run.h"
#include "ops/select.h"
#include "ops/shape_of.h"
#include "passes/pass_list.h"
#include "src/runtime/test_models.h"
#include "tests/memory/allocations.h"
#include "tests/ops/op_case.h"
#include "tests/ops/test_tensor.h"

namespace minnow {
namespace optest {
#define MINNOW_CASES(function) CaseList function();
#include "tests/ops/case_list.inc"
#undef MINNOW_CASES
}  // namespace optest

namespace {

using optest::CaseList;
using optest::OpCase;
using optest::TestTensor;

CaseList allCases() {
  CaseList all;
#define MINNOW_CASES(function) \
  for (OpCase & c : optest::function()) all.push_back(std::move(c));
#include "tests/ops/case_list.inc"
#undef MINNOW_CASES
  return all;
}

/// The case as a graph of one node: weights are constants, all other inputs are fed.
ir::Graph graphOf(const OpCase& c) {
  ir::Graph graph;
  ir::Node node{c.name, c.op->clone(), {}, {}};
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const optest::OpInput& input = c.inputs[i];
    const std::string name = "x" + std::to_string(i);
    if (input.absent) {
      node.inputs.push_back(ir::kNoValue);
    } else if (input.weights) {
      const TestTensor tensor = optest::filled(input, c.name, static_cast<int>(i));
      const auto* bytes = tensor.view().as<const std::byte>();
      node.inputs.push_back(
          graph.addConstant(name, {input.type, input.shape}, {bytes, tensor.view().bytes()}));
    } else {
      node.inputs.push_back(graph.addValue({name, {input.type, input.shape}}));
      graph.inputs.push_back(node.inputs.back());
    }
  }
  const auto types = node.op->inferShape(graph.inputTypes(node));
  for (const TensorType& type : *types) {
    const std::string name = "y" + std::to_string(node.outputs.size());
    node.outputs.push_back(graph.addValue({name, type}));
    graph.outputs.push_back(node.outputs.back());
    graph.outputNames.push_back(name);
  }
  graph.nodes.push_back(std::move(node));
  return graph;
}

/// The passes that choose storage and pack weights, so that fast kernels take the case.
Result<void> prepare(ir::Graph& graph) {
  sizes::Budget budget;
  for (const passes::Pass& pass : passes::allPasses())
    for (const char* wanted : {"assign-layout", "pack-weights"})
      if (std::string_view(pass.name) == wanted)
        if (auto done = pass.run(graph, budget); !done) return std::unexpected(done.error());
  return {};
}

void feed(const OpCase& c, const Frame& frame) {
  for (size_t i = 0; i < c.inputs.size(); ++i)
    if (const TensorView to = frame.input("x" + std::to_string(i)))
      copyTensor(optest::filled(c.inputs[i], c.name, static_cast<int>(i)).view(), to);
}

/// The kernel that ran; empty when there is no such session.
std::string expectNoAllocation(Runtime& runtime, const OpCase& c, const ir::Graph& graph) {
  const test::Model model(graph);
  auto interpreter = Interpreter::createFromBuffer(runtime, model.span);
  EXPECT_TRUE(interpreter.has_value()) << c.name << ": " << interpreter.error().message;
  if (!interpreter) return {};
  auto session = interpreter->createSession();
  EXPECT_TRUE(session.has_value()) << c.name << ": " << session.error().message;
  auto frame = session->begin();
  feed(c, *frame);
  const int64_t before = allocations::made();
  const auto ran = frame->run();
  const int64_t made = allocations::made() - before;
  EXPECT_EQ(ran.has_value(), !c.fails) << c.name;
  if (ran.has_value()) {
    EXPECT_EQ(made, 0) << c.name << ", kernel " << session->operators()[0].kernel;
  }
  return session->operators()[0].kernel;
}

TEST(RunAllocatesNothing, WhateverTheOperator) {
  auto one = Runtime::create(), three = Runtime::create({.threads = 3});
  std::set<std::string> kernels;
  for (const OpCase& c : allCases()) {
    ir::Graph graph = graphOf(c);
    kernels.insert(expectNoAllocation(*one, c, graph));
    ASSERT_TRUE(prepare(graph).has_value());
    kernels.insert(expectNoAllocation(*one, c, graph));
    kernels.insert(expectNoAllocation(*three, c, graph));
  }
  EXPECT_GT(kernels.size(), 20U) << "fast kernels are among them";
}

/// As many twos as x has elements that are not 0: their number is an attribute that a run sets.
ir::Graph graphOfAttributesInRun() {
  ir::Graph graph;
  const auto value = [&](const char* name, DataType type, const Shape& shape) {
    return graph.addValue({name, {type, shape}});
  };
  const ir::ValueId x = value("x", DataType::Float32, {3, 4});
  const ir::ValueId found = value("found", DataType::Int64, {2, 12});
  const ir::ValueId count = value("count", DataType::Int64, {1});
  const ir::ValueId two = graph.addFloats("two", {}, std::vector{2.0F});
  const ir::ValueId twos = value("twos", DataType::Float32, {12});
  ops::ShapeOf last;
  last.start = 1;
  auto expand = std::make_unique<ops::Expand>();
  expand->shape = {12};
  auto inRun = std::make_unique<ops::InRun>();
  inRun->op = std::move(expand);
  inRun->parameters = {{"shape", std::vector<int64_t>{0}}};
  graph.inputs = {x};
  graph.nodes.push_back({"find", std::make_unique<ops::NonZero>(), {x}, {found}});
  graph.nodes.push_back({"count", std::make_unique<ops::ShapeOf>(last), {found}, {count}});
  graph.nodes.push_back({"expand", std::move(inRun), {two, count}, {twos}});
  graph.outputs = {twos};
  graph.outputNames = {"y"};
  return graph;
}

TEST(RunAllocatesNothing, NorWhereRunsSetAttributes) {
  auto runtime = Runtime::create();
  const test::Model model(graphOfAttributesInRun());
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  ASSERT_TRUE(interpreter) << interpreter.error().message;
  auto session = interpreter->createSession();
  auto frame = session->begin();
  for (const int count : {5, 0, 12}) {
    for (int i = 0; i < 12; ++i) frame->input(0).as<float>()[i] = i < count ? 1.0F : 0.0F;
    const int64_t before = allocations::made();
    const auto ran = frame->run();
    EXPECT_EQ(allocations::made() - before, 0);
    ASSERT_TRUE(ran) << ran.error().message;
    ASSERT_EQ(frame->output(0).shape, Shape{count});
    for (int i = 0; i < count; ++i) EXPECT_EQ(frame->output(0).as<float>()[i], 2.0F);
  }
}

void expectNoAllocationAfterTheFirstFrame(Session& session) {
  const auto expected = test::runOnce(session, 1);
  const int64_t before = allocations::made();
  {
    auto frame = session.begin();
    const TensorView in = frame->input("x");
    std::fill_n(in.as<float>(), in.elements(), 0.5f);
    EXPECT_TRUE(frame->run().has_value());
    EXPECT_TRUE(frame->output("out"));
  }
  EXPECT_EQ(allocations::made() - before, 0);
  EXPECT_EQ(test::runOnce(session, 1), expected);
}

TEST(RunAllocatesNothing, NorDoesTheWholeFrameAfterTheFirst) {
  for (int threads : {1, 3}) {
    auto runtime = Runtime::create({.threads = threads});
    for (int seed = 0; seed < 12; ++seed) {
      const test::Model model(test::smallNetwork(seed));
      auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
      auto session = interpreter->createSession();
      expectNoAllocationAfterTheFirstFrame(*session);
      auto branches = interpreter->createSession({.paths = test::branchesOf(*session)});
      ASSERT_TRUE(branches) << branches.error().message;
      EXPECT_EQ(test::runOnce(*branches, 1), test::runOnce(*session, 1));
      expectNoAllocationAfterTheFirstFrame(*branches);
    }
  }
}

}  // namespace
}  // namespace minnow
