// The contract of back-ends (backend/backend.h), on one that does nothing before it must.
#include <gtest/gtest.h>

#include <functional>

#include "backend/reference/reference.h"
#include "backend/reference/rows.h"
#include "base/aligned.h"
#include "base/fail.h"
#include "runtime/runner.h"
#include "runtime/test_models.h"

namespace minnow::runtime {
namespace {

/// Computes unary functions, by the reference, when somebody waits.
class Late final : public backend::Backend {
 public:
  const char* name() const override { return "late"; }
  backend::MemoryKind memory() const override { return backend::MemoryKind::Host; }
  Result<void> supports(const backend::Work& work) const override {
    if (work.op.kind() == ops::OpKind::Unary) return {};
    return fail(ErrorCode::Unsupported, "it is no function of one tensor");
  }
  double cost(const backend::Work&) const override { return price; }
  Result<std::unique_ptr<const backend::Kernel>> prepare(
      std::span<const backend::Work> forms) const override {
    return std::make_unique<LateKernel>(*this, forms);
  }
  Result<void> wait(backend::Event event) const override {
    EXPECT_EQ(event, begun) << "the last one stands for all before";
    for (const auto& work : waiting) EXPECT_TRUE(work());
    done += waiting.size();
    waiting.clear();
    return {};
  }

  double price = 0;
  mutable backend::Event begun = 0;
  mutable size_t done = 0;
  mutable std::vector<std::function<bool()>> waiting;

 private:
  struct LateKernel final : backend::Kernel {
    LateKernel(const Late& late, std::span<const backend::Work> forms)
        : backend(late),
          kernel(prepareRow(backend::referenceRow(forms.front().op.kind()), forms)) {}
    const char* name() const override { return "later"; }
    size_t workspaceBytes() const override { return kernel->workspaceBytes(); }
    size_t heapBytes() const override { return sizeof *this + kernel->heapBytes(); }
    Result<backend::Event> run(const kernels::KernelArgs& args) const override {
      std::vector<TensorView> in(args.inputs.begin(), args.inputs.end());
      std::vector<TensorView> out(args.outputs.begin(), args.outputs.end());
      backend.waiting.push_back([this, in, out, args]() mutable {
        return kernel->run({in, out, args.workspace, args.team, args.rows}).has_value();
      });
      return ++backend.begun;
    }
    const Late& backend;
    std::unique_ptr<const backend::Kernel> kernel;
  };
};

/// Two functions, a sum, a function.
ir::Graph network() {
  test::Builder b("functions");
  ops::Unary function;
  function.fn = ops::UnaryFn::Abs;
  const ir::ValueId x = b.input("x", {1, 2, 3, 4});
  const ir::ValueId two = b.add(function, {b.add(function, {x})});
  ops::Binary sum;
  sum.fn = ops::BinaryFn::Add;
  return b.finish(b.add(function, {b.add(sum, {two, x})}));
}

std::vector<TensorType> typesOf(const ir::Graph& graph) {
  std::vector<TensorType> types;
  for (const ir::Value& value : graph.values) types.push_back(value.type);
  return types;
}

struct Ran {
  std::vector<std::string> kernels;
  std::vector<float> output;
};

Ran run(const ir::Graph& graph, const backend::BackendList& list) {
  const auto program = program::build(graph, typesOf(graph), {1, false, list});
  EXPECT_TRUE(program) << program.error().message;
  Ran ran;
  for (const program::Step& step : (*program)->steps) ran.kernels.push_back(step.kernel->name());
  const auto arena = base::alignedBytes((*program)->placedBytes);
  Bindings bindings(*program);
  bindings.bind(arena.get());
  const TensorView in = bindings.input(0);
  for (int64_t i = 0; i < in.elements(); ++i) in.as<float>()[i] = static_cast<float>(i) - 9.5F;
  base::Team team;
  Runner runner(bindings);
  for (runner.begin(); !runner.isDone();) {
    EXPECT_TRUE(runner.open(false));
    EXPECT_TRUE(runner.run(team));
    EXPECT_TRUE(runner.advance());
  }
  EXPECT_TRUE(runner.finish());
  const float* out = bindings.output(0).as<float>();
  ran.output.assign(out, out + in.elements());
  return ran;
}

TEST(Backends, ResultsAreWaitedForWhereAnotherReadsThem) {
  const Late late;
  const ir::Graph graph = network();
  const Ran mixed = run(graph, {&late, &backend::referenceBackend()});
  EXPECT_EQ(mixed.kernels, (std::vector<std::string>{"later", "later", "reference", "later"}));
  EXPECT_EQ(mixed.output, run(graph, {&backend::referenceBackend()}).output);
  EXPECT_EQ(late.done, 3U);
}

TEST(Backends, TheCheapestIsTaken) {
  Late late;
  late.price = 1e9;
  const Ran ran = run(network(), {&late, &backend::referenceBackend()});
  EXPECT_EQ(ran.kernels, std::vector<std::string>(4, "reference"));
}

TEST(Backends, WhatNoneComputesIsRefusedWithTheReasons) {
  const Late late;
  const ir::Graph graph = network();
  const auto program = program::build(graph, typesOf(graph), {1, false, {&late}});
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, ErrorCode::Unsupported);
  EXPECT_NE(program.error().message.find("late: it is no function"), std::string::npos)
      << program.error().message;
  EXPECT_NE(program.error().message.find("Add2"), std::string::npos) << program.error().message;
}

}  // namespace
}  // namespace minnow::runtime
