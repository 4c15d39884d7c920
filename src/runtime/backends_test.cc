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

/// A device that can do little: its memory is a vector, its kernels the reference's.
class Distant final : public backend::Backend, public backend::DeviceMemory {
 public:
  struct Bytes final : backend::DeviceBlock {
    explicit Bytes(size_t size) : bytes(base::alignedBytes(size)) {}
    TensorView at(TensorView view) const {
      view.data = bytes.get() + backend::deviceOffset(view);
      return view;
    }
    std::shared_ptr<std::byte[]> bytes;
  };

  const char* name() const override { return "distant"; }
  const backend::DeviceMemory* memory() const override { return this; }
  Result<void> supports(const backend::Work& work) const override {
    if (work.op.kind() == ops::OpKind::Unary) return {};
    return fail(ErrorCode::Unsupported, "it is no function of one tensor");
  }
  double cost(const backend::Work&) const override { return price; }
  Result<std::unique_ptr<const backend::Kernel>> prepare(
      std::span<const backend::Work> forms) const override {
    return std::make_unique<DistantKernel>(forms);
  }
  Result<void> wait(backend::Event) const override { return {}; }
  Result<std::unique_ptr<backend::DeviceBlock>> allocate(size_t bytes) const override {
    return std::make_unique<Bytes>(bytes);
  }
  Result<void> upload(const TensorView& from, backend::DeviceBlock& block,
                      const TensorView& to) const override {
    copyTensor(from, static_cast<Bytes&>(block).at(to));
    return {};
  }
  Result<void> download(backend::DeviceBlock& block, const TensorView& from,
                        const TensorView& to) const override {
    copyTensor(static_cast<Bytes&>(block).at(from), to);
    return {};
  }

  double price = 0;

 private:
  struct DistantKernel final : backend::Kernel {
    explicit DistantKernel(std::span<const backend::Work> forms)
        : kernel(prepareRow(backend::referenceRow(forms.front().op.kind()), forms)) {}
    const char* name() const override { return "far"; }
    size_t workspaceBytes() const override { return kernel->workspaceBytes(); }
    size_t heapBytes() const override { return sizeof *this + kernel->heapBytes(); }
    Result<backend::Event> run(const kernels::KernelArgs& args) const override {
      const auto& block = static_cast<Bytes&>(*args.block);
      std::vector<TensorView> in, out;
      for (const TensorView& view : args.inputs) in.push_back(block.at(view));
      for (const TensorView& view : args.outputs) out.push_back(block.at(view));
      return kernel->run({in, out, args.workspace, args.team, args.rows});
    }
    std::unique_ptr<const backend::Kernel> kernel;
  };
};

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
  Distant::Bytes block((*program)->blockBytes);
  Bindings bindings(*program);
  bindings.bind(arena.get(), &block);
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

using Words = std::vector<std::string>;

/// Kernels that cost less than any crossing by estimate are not taken across for themselves.
ir::Graph largeNetwork() {
  test::Builder b("functions");
  ops::Unary function;
  function.fn = ops::UnaryFn::Abs;
  const ir::ValueId x = b.input("x", {1, 64, 64, 64});
  const ir::ValueId one = b.add(function, {x});
  const ir::ValueId two = b.add(function, {b.add(function, {one})});
  ops::Binary sum;
  sum.fn = ops::BinaryFn::Add;
  return b.finish(b.add(function, {b.add(sum, {two, one})}));
}

TEST(Devices, AValueCrossesOnceEachWay) {
  const Distant distant;
  ir::Graph graph = largeNetwork();
  const Ran mixed = run(graph, {&distant, &backend::referenceBackend()});
  EXPECT_EQ(mixed.kernels, (Words{"to-device", "far", "far", "far", "from-device", "from-device",
                                  "reference", "to-device", "far", "from-device"}));
  EXPECT_EQ(mixed.output, run(graph, {&backend::referenceBackend()}).output);
}

TEST(Devices, WhatIsNotWorthCrossingStays) {
  const Distant distant;
  EXPECT_EQ(run(network(), {&distant, &backend::referenceBackend()}).kernels,
            Words(4, "reference"));
  Distant slow;
  slow.price = 1e9;
  EXPECT_EQ(run(largeNetwork(), {&slow, &backend::referenceBackend()}).kernels,
            Words(5, "reference"));
}

TEST(Devices, MemoryOfTheirOwnIsPlannedApart) {
  const Distant distant;
  const ir::Graph graph = largeNetwork();
  const backend::BackendList list{&distant, &backend::referenceBackend()};
  const auto program = *program::build(graph, typesOf(graph), {1, false, list});
  constexpr size_t kTensor = sizeof(float) * 64 * 64 * 64;
  EXPECT_EQ(program->blockBytes, 2 * kTensor);  // one of them is read again by the sum
  EXPECT_EQ(program->placedBytes, 2 * kTensor);
  for (const PlannedMemory& memory : program::describeMemory(*program))
    EXPECT_LE(memory.offset + memory.bytes,
              memory.onDevice ? program->blockBytes : program->placedBytes);
}

TEST(Devices, ListingsSayWhereAndWhyNotBefore) {
  const Distant distant;
  const ir::Graph graph = largeNetwork();
  const backend::BackendList list{&distant, &backend::referenceBackend()};
  const auto program = *program::build(graph, typesOf(graph), {1, false, list});
  const OperatorInfo sum = program::describeOperator(*program, 6);
  EXPECT_STREQ(sum.backend, "reference");
  EXPECT_EQ(sum.refused, "distant: it is no function of one tensor");
  EXPECT_STREQ(program::describeOperator(*program, 1).backend, "distant");
  EXPECT_EQ(program::describeOperator(*program, 1).refused, "");
  const Operands operands = program::describeOperands(*program, 0, graph);
  EXPECT_EQ(operands.outputs[0].name, "x") << "a copy has the name of what it is of";
}

TEST(Devices, CallbacksSeeCopiesAndMayWriteThem) {
  const Distant distant;
  const ir::Graph graph = largeNetwork();
  const backend::BackendList list{&distant, &backend::referenceBackend()};
  const auto program = *program::build(graph, typesOf(graph), {1, false, list});
  const auto arena = base::alignedBytes(program->placedBytes);
  Distant::Bytes block(program->blockBytes);
  Bindings bindings(program);
  bindings.bind(arena.get(), &block);
  *bindings.input(0).as<float>() = -3;
  base::Team team;
  Runner runner(bindings);
  for (runner.begin(); !runner.isDone();) {
    ASSERT_TRUE(runner.open(true));
    ASSERT_TRUE(runner.run(team));
    std::vector<TensorView> views = runner.visibleOutputs();
    Runner::OnHost copies;
    ASSERT_TRUE(copies.take(bindings, runner.node().outputs, views));
    EXPECT_EQ(*views[0].as<float>(), runner.step() == 0 ? -3 : runner.step() < 6 ? 3 : 6);
    if (runner.step() == 8) *views[0].as<float>() = 7;
    ASSERT_TRUE(copies.giveBack());
    ASSERT_TRUE(runner.advance());
    if (runner.step() == 9) break;
  }
  ASSERT_TRUE(runner.open(false));
  ASSERT_TRUE(runner.run(team));
  EXPECT_EQ(*bindings.output(0).as<float>(), 7);
}

}  // namespace
}  // namespace minnow::runtime
