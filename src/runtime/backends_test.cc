// The contract of back-ends (backend/backend.h), on one that does nothing before it must.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <random>
#include <set>

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
  Result<std::unique_ptr<backend::Kernel>> prepare(
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

  const char* name() const override { return called; }
  const backend::DeviceMemory* memory() const override { return this; }
  Result<void> supports(const backend::Work& work) const override {
    if (work.op.kind() == computes) return {};
    return fail(ErrorCode::Unsupported, "it is no function of ",
                computes == ops::OpKind::Unary ? "one tensor" : "two");
  }
  double cost(const backend::Work&) const override { return price; }
  Result<std::unique_ptr<backend::Kernel>> prepare(
      std::span<const backend::Work> forms) const override {
    return std::make_unique<DistantKernel>(forms);
  }
  Result<void> wait(backend::Event) const override { return {}; }
  Result<std::unique_ptr<backend::DeviceBlock>> allocate(size_t bytes) const override {
    return std::make_unique<Bytes>(bytes);
  }
  Result<backend::Event> upload(const TensorView& from, backend::DeviceBlock& block,
                                const TensorView& to) const override {
    copyTensor(from, static_cast<Bytes&>(block).at(to));
    return backend::kDone;
  }
  Result<backend::Event> download(backend::DeviceBlock& block, const TensorView& from,
                                  const TensorView& to) const override {
    copyTensor(static_cast<Bytes&>(block).at(from), to);
    return backend::kDone;
  }

  double crossingCost(size_t bytes) const override {
    return nearby ? 0 : DeviceMemory::crossingCost(bytes);
  }

  double price = 0;
  const char* called = "distant";
  ops::OpKind computes = ops::OpKind::Unary;
  bool nearby = false;

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

Ran run(const ir::Graph& graph, const program::Options& options) {
  const auto program = program::build(graph, typesOf(graph), options);
  EXPECT_TRUE(program) << program.error().message;
  Ran ran;
  for (const program::Step& step : (*program)->steps) ran.kernels.push_back(step.kernel->name());
  const auto arena = base::alignedBytes((*program)->placedBytes);
  std::deque<Distant::Bytes> blocks;
  std::vector<void*> pointers;
  for (const size_t bytes : (*program)->blockBytes)
    pointers.push_back(static_cast<backend::DeviceBlock*>(&blocks.emplace_back(bytes)));
  Bindings bindings(*program);
  bindings.bind(arena.get(), pointers);
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

Ran run(const ir::Graph& graph, const backend::BackendList& list) {
  return run(graph, {1, false, list});
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

/// A function, and of it two heads of two, of which both are outputs.
ir::Graph twoHeads() {
  test::Builder b("heads");
  ops::Unary function;
  function.fn = ops::UnaryFn::Abs;
  const ir::ValueId x = b.add(function, {b.input("x", {1, 64, 64, 64})});
  const ir::ValueId one = b.add(function, {b.add(function, {x})});
  const ir::ValueId other = b.add(function, {b.add(function, {x})});
  ir::Graph graph = b.finish(one);
  graph.outputs.push_back(other);
  graph.outputNames = {"one", "other"};
  return graph;
}

TEST(Devices, PathsAreThereOrHereAsTheySay) {
  const Distant distant;
  const ir::Graph graph = twoHeads();
  const backend::BackendList list{&distant, &backend::referenceBackend()};
  const auto expected = run(graph, {&backend::referenceBackend()}).output;
  const std::vector<program::Path> one{{{"one"}, {}, {&distant}, 0}},
      other{{{"other"}, {}, {&distant}, 0}},
      both{{{"one"}, {}, {&distant}, 0}, {{"other"}, {}, {}, 0}};
  const Words oneThere{"reference",   "to-device", "far",      "far",
                       "from-device", "reference", "reference"};
  for (const auto& paths : {one, other, both}) {
    const Ran ran = run(graph, {1, false, list, 0, paths});
    EXPECT_EQ(ran.kernels, oneThere) << "the lane that waits for a device comes first";
    EXPECT_EQ(ran.output, expected);
  }
  const std::vector<program::Path> here{{{"one"}, {}, {}, 0}};
  const Ran ran = run(graph, {1, false, list, 1, here});
  EXPECT_EQ(ran.kernels, (Words{"to-device", "far", "far", "far", "from-device", "from-device",
                                "reference", "reference"}));
  EXPECT_EQ(ran.output, expected);
}

TEST(Devices, CrossingsAreLanesOfTheirPath) {
  const Distant distant;
  const ir::Graph graph = twoHeads();
  const backend::BackendList list{&distant, &backend::referenceBackend()};
  const std::vector<program::Path> paths{{{"one"}, {}, {&distant}, 0}, {{"other"}, {}, {}, 0}};
  const auto program = *program::build(graph, typesOf(graph), {2, false, list, 0, paths});
  std::vector<int> pathOf;
  for (size_t step = 0; step < program->steps.size(); ++step)
    pathOf.push_back(program::describeOperator(*program, step).path);
  EXPECT_EQ(pathOf, (std::vector<int>{-1, 0, 0, 0, 0, 1, 1}));
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
  EXPECT_EQ(program->blockBytes, std::vector{2 * kTensor});  // one of them is read again by the sum
  EXPECT_EQ(program->placedBytes, 2 * kTensor);
  for (const PlannedMemory& memory : program::describeMemory(*program))
    EXPECT_LE(memory.offset + memory.bytes,
              *memory.device != '\0' ? program->blockBytes[0] : program->placedBytes);
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

// Several devices ---------------------------------------------------------------------------------

TEST(Devices, WhatTheFirstLacksIsForTheNext) {
  const Distant distant;
  Distant other;
  other.called = "other", other.computes = ops::OpKind::Binary;
  const ir::Graph graph = largeNetwork();
  const backend::BackendList list{&distant, &other, &backend::referenceBackend()};
  const Ran ran = run(graph, list);
  EXPECT_EQ(ran.output, run(graph, {&backend::referenceBackend()}).output);
  EXPECT_EQ(ran.kernels,
            (Words{"to-device", "far", "far", "far", "from-device", "to-device", "from-device",
                   "to-device", "far", "from-device", "to-device", "far", "from-device"}))
      << "from one to the other by way of the process's memory";
  const auto program = *program::build(graph, typesOf(graph), {1, false, list});
  const OperatorInfo sum = program::describeOperator(*program, 8);
  EXPECT_STREQ(sum.backend, "other");
  EXPECT_EQ(sum.refused, "distant: it is no function of one tensor");
  EXPECT_EQ(program->blockBytes.size(), 2U);
  const Operands operands = program::describeOperands(*program, 5, graph);
  EXPECT_EQ(operands.inputs[0].name, operands.outputs[0].name) << "of what it is a copy";
}

TEST(Devices, TheOrderOfAListDecides) {
  const Distant distant;
  Distant twin;
  twin.called = "twin";
  const backend::BackendList list{&distant, &twin, &backend::referenceBackend()};
  const ir::Graph graph = largeNetwork();
  const auto backendsOf = [&](const program::Options& options) {
    const auto program = *program::build(graph, typesOf(graph), options);
    std::set<std::string> names;
    for (size_t step = 0; step < program->steps.size(); ++step)
      names.insert(program::describeOperator(*program, step).backend);
    return names;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(backendsOf({1, false, list}), (Names{"distant", "reference"}));
  Distant slow;
  slow.price = 1e9;
  EXPECT_EQ(backendsOf({1, false, {&slow, &twin, list[2]}}), (Names{"twin", "reference"}));
  const std::vector<program::Path> all{{{graph.outputNames[0]}, {}, {&twin, &distant}, 0}};
  EXPECT_EQ(backendsOf({1, false, list, 0, all}), (Names{"twin", "reference"}));
}

TEST(Devices, OfEachPathMayBeAnother) {
  const Distant distant;
  Distant twin;
  twin.called = "twin";
  const ir::Graph graph = twoHeads();
  const backend::BackendList list{&distant, &twin, &backend::referenceBackend()};
  const std::vector<program::Path> paths{{{"one"}, {}, {&twin}, 0}, {{"other"}, {}, {&distant}, 0}};
  const auto program = *program::build(graph, typesOf(graph), {2, false, list, 0, paths});
  std::vector<std::string> where;
  for (size_t step = 0; step < program->steps.size(); ++step)
    where.push_back(program::describeOperator(*program, step).backend);
  EXPECT_EQ(where, (Words{"reference", "twin", "twin", "twin", "twin", "distant", "distant",
                          "distant", "distant"}));
  EXPECT_EQ(run(graph, {2, false, list, 0, paths}).output,
            run(graph, {&backend::referenceBackend()}).output);
}

/// Functions of one and of two tensors that were made before.
ir::Graph randomNetwork(std::mt19937& random) {
  test::Builder b("random");
  std::vector<ir::ValueId> made{b.input("x", {1, 2, 3, 4})};
  ops::Unary function;
  function.fn = ops::UnaryFn::Abs;
  ops::Binary sum;
  sum.fn = ops::BinaryFn::Add;
  const auto any = [&] { return made[random() % made.size()]; };
  for (int n = 0; n < 12; ++n)
    made.push_back(random() % 2 == 0 ? b.add(function, {any()}) : b.add(sum, {any(), made.back()}));
  return b.finish(made.back());
}

/// Each has memory of its own: who read a tensor in another's would give something else.
TEST(Devices, OfRandomGraphsReadWhatIsTheirs) {
  std::mt19937 random(1);
  for (int graphs = 0; graphs < 100; ++graphs) {
    Distant one, two;
    two.called = "two";
    for (Distant* device : {&one, &two}) {
      device->nearby = true;
      device->price = random() % 2 == 0 ? 0 : 1e9;
      device->computes = random() % 2 == 0 ? ops::OpKind::Unary : ops::OpKind::Binary;
    }
    const ir::Graph graph = randomNetwork(random);
    const auto expected = run(graph, {&backend::referenceBackend()}).output;
    EXPECT_EQ(run(graph, {&one, &two, &backend::referenceBackend()}).output, expected) << graphs;
  }
}

TEST(Devices, CallbacksSeeCopiesAndMayWriteThem) {
  const Distant distant;
  const ir::Graph graph = largeNetwork();
  const backend::BackendList list{&distant, &backend::referenceBackend()};
  const auto program = *program::build(graph, typesOf(graph), {1, false, list});
  const auto arena = base::alignedBytes(program->placedBytes);
  Distant::Bytes block(program->blockBytes[0]);
  void* const pointer = static_cast<backend::DeviceBlock*>(&block);
  Bindings bindings(program);
  bindings.bind(arena.get(), {&pointer, 1});
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
