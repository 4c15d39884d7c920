// What callbacks see and may do: stop a run, and replace what operators read; in layers and strips.
#include <gtest/gtest.h>

#include <map>

#include "runtime/test_models.h"

namespace minnow {
namespace {

using test::Model;

/// A network, in a session that works in layers or in strips.
struct Net {
  explicit Net(const ir::Graph& graph, bool strips)
      : model(graph),
        runtime(*Runtime::create()),
        interpreter(*Interpreter::createFromBuffer(runtime, model.span)),
        session(*interpreter.createSession({.inStrips = strips})) {}
  Model model;
  Runtime runtime;
  Interpreter interpreter;
  Session session;
};

/// smallNetwork() with all its nodes in one chain.
ir::Graph chained(int seed) {
  ir::Graph graph = test::smallNetwork(seed);
  graph.chains = {{0, static_cast<int>(graph.nodes.size()), 2}};
  return graph;
}

std::vector<float> read(const TensorView& view) {
  std::vector<float> plain(static_cast<size_t>(view.elements()));
  copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, plain.data()});
  return plain;
}

void fill(const TensorView& view, float value) {
  std::vector<float> plain(static_cast<size_t>(view.elements()), value);
  copyTensor({{view.type, view.shape, plainStrides(view.shape)}, plain.data()}, view);
}

/// Acts at one step alone.
OpCallback at(size_t index, const OpCallback& act) {
  return [index, act](const OperatorInfo& info, std::span<const TensorView> views) {
    return info.index == index ? act(info, views) : CallbackVerdict::Continue;
  };
}

class Callbacks : public testing::TestWithParam<bool> {};

TEST_P(Callbacks, TheNetworksRunAsTheParameterSays) {
  Net net(chained(3), GetParam());
  auto frame = net.session.begin();
  int calls = 0;
  fill(frame->input(0), 1);
  ASSERT_TRUE(frame->runWithCallback({}, [&](const OperatorInfo&, std::span<const TensorView>) {
    ++calls;
    return CallbackVerdict::Continue;
  }));
  const auto steps = static_cast<int>(net.session.operators().size());
  EXPECT_GE(calls, steps);
  EXPECT_EQ(calls > steps, GetParam());
}

TEST_P(Callbacks, AStoppedFrameRunsAgain) {
  Net net(chained(1), GetParam());
  const std::vector<float> expected = test::runOnce(net.session, 0.5F);
  ASSERT_FALSE(expected.empty());
  auto frame = net.session.begin();
  for (size_t step = 0; step < net.session.operators().size(); ++step)
    for (const bool early : {true, false})
      for (int skipped = 0; skipped < 2; ++skipped) {  // the first strip, and one in the middle
        int seen = 0;
        const OpCallback stop = at(step, [&](const OperatorInfo&, std::span<const TensorView>) {
          return seen++ == skipped ? CallbackVerdict::Stop : CallbackVerdict::Continue;
        });
        fill(frame->input(0), 7);
        const auto ran =
            early ? frame->runWithCallback(stop, {}) : frame->runWithCallback({}, stop);
        EXPECT_EQ(!ran, seen > skipped);
        EXPECT_TRUE(ran || ran.error().code == ErrorCode::Stopped);
        EXPECT_EQ(test::runFrame(*frame, 0.5F), expected) << step;
      }
}

TEST_P(Callbacks, NothingIsComputedAfterAStop) {
  Net net(chained(3), GetParam());
  auto frame = net.session.begin();
  fill(frame->input(0), 1);
  int after = 0;
  const auto ran = frame->runWithCallback(
      [](const OperatorInfo&, std::span<const TensorView>) { return CallbackVerdict::Stop; },
      [&](const OperatorInfo&, std::span<const TensorView>) {
        ++after;
        return CallbackVerdict::Continue;
      });
  EXPECT_FALSE(ran);
  EXPECT_EQ(after, 0);
}

// The model's input is what is replaced, because that may as well be written before the run.
TEST_P(Callbacks, AReplacedInputIsWhatTheOperatorReads) {
  for (int seed = 0; seed < 6; ++seed) {
    Net net(chained(seed), GetParam());
    auto frame = net.session.begin();
    fill(frame->input(0), 0.25F);
    ASSERT_TRUE(frame->run());
    const std::vector<float> expected = read(frame->output(0));
    fill(frame->input(0), -3);
    ASSERT_TRUE(
        frame->runWithCallback(at(0,
                                  [&](const OperatorInfo&, std::span<const TensorView> views) {
                                    fill(views[0], 0.25F);
                                    return CallbackVerdict::Continue;
                                  }),
                               {}));
    EXPECT_EQ(read(frame->output(0)), expected) << seed;
  }
}

/// The output when every computed input of step `index` is replaced by a constant.
std::vector<float> replacedAt(bool strips, int seed, size_t index) {
  Net net(chained(seed), strips);
  auto frame = net.session.begin();
  const Operands operands = net.session.operands(index);
  fill(frame->input(0), 1);
  EXPECT_TRUE(
      frame->runWithCallback(at(index,
                                [&](const OperatorInfo&, std::span<const TensorView> views) {
                                  for (size_t i = 0; i < views.size(); ++i)
                                    if (!operands.inputs[i].constant) fill(views[i], 0.125F);
                                  return CallbackVerdict::Continue;
                                }),
                             {}));
  return read(frame->output(0));
}

TEST_P(Callbacks, RunInTheCallersFloatingPointMode) {
  Net net(chained(3), GetParam());
  auto frame = net.session.begin();
  fill(frame->input(0), 1);
  const volatile float tiny = 1e-40F;  // a denormal, which the engine flushes
  int kept = 0, calls = 0;
  const auto count = [&](const OperatorInfo&, std::span<const TensorView>) {
    kept += tiny * 1.0F != 0.0F;
    ++calls;
    return CallbackVerdict::Continue;
  };
  ASSERT_TRUE(frame->runWithCallback(count, count));
  EXPECT_EQ(kept, calls);
}

TEST_P(Callbacks, GetInformationOfTheirOwn) {
  Net net(chained(3), GetParam());
  auto frame = net.session.begin();
  fill(frame->input(0), 1);
  int64_t rows = 0;
  ASSERT_TRUE(
      frame->runWithCallback({}, [&](const OperatorInfo& info, std::span<const TensorView>) {
        EXPECT_NE(&info, &net.session.operators()[info.index]);
        rows += info.rowEnd - info.rowBegin;
        return CallbackVerdict::Continue;
      }));
  EXPECT_EQ(rows > 0, GetParam());
  for (const OperatorInfo& info : net.session.operators()) EXPECT_EQ(info.rowEnd, 0) << info.name;
}

TEST(CallbacksInStrips, ReplacingInEveryStripIsReplacingTheWhole) {
  for (int seed = 0; seed < 4; ++seed) {
    const size_t steps = chained(seed).nodes.size();
    for (size_t step : {size_t{1}, steps - 2, steps - 1})
      EXPECT_EQ(replacedAt(true, seed, step), replacedAt(false, seed, step)) << seed << " " << step;
  }
}

TEST(CallbacksInLayers, EveryOperatorsOutputIsWhatItsReadersSee) {
  Net net(chained(5), false);
  auto frame = net.session.begin();
  fill(frame->input(0), 1);
  std::map<std::string, std::vector<float>> written;
  written["x"] = read(frame->input(0));
  const auto before = [&](const OperatorInfo& info, std::span<const TensorView> views) {
    const Operands operands = net.session.operands(info.index);
    EXPECT_EQ(operands.inputs.size(), views.size());
    for (size_t i = 0; i < views.size(); ++i) {
      EXPECT_EQ(operands.inputs[i].shape, views[i].shape);
      if (operands.inputs[i].constant) continue;
      EXPECT_EQ(read(views[i]), written[std::string(operands.inputs[i].name)]) << info.name;
    }
    return CallbackVerdict::Continue;
  };
  const auto after = [&](const OperatorInfo& info, std::span<const TensorView> views) {
    const Operands operands = net.session.operands(info.index);
    EXPECT_EQ(operands.outputs.size(), views.size());
    for (size_t i = 0; i < views.size(); ++i)
      written[std::string(operands.outputs[i].name)] = read(views[i]);
    return CallbackVerdict::Continue;
  };
  ASSERT_TRUE(frame->runWithCallback(before, after));
  EXPECT_EQ(written.size(), net.session.operators().size() + 1);
}

INSTANTIATE_TEST_SUITE_P(Order, Callbacks, testing::Bool(),
                         [](const auto& info) { return info.param ? "strips" : "layers"; });

/// y = relu(x) where x may be overwritten, then joined with sigmoid(x)'s channels.
ir::Graph joined() {
  test::Builder b("joined");
  const ir::ValueId x = b.input("x", {1, 4, 3, 3});
  ops::Unary relu, sigmoid;
  relu.fn = ops::UnaryFn::Relu;
  sigmoid.fn = ops::UnaryFn::Sigmoid;
  const ir::ValueId squashed = b.add(sigmoid, {x});  // step 0
  const ir::ValueId positive = b.add(relu, {x});     // step 1
  ops::Concat concat;
  concat.axis = 1;
  return b.finish(b.add(concat, {positive, squashed}));  // step 2, a view
}

TEST(CallbackAliases, AReplacedTensorStaysReplaced) {
  Net net(joined(), false);
  auto frame = net.session.begin();
  fill(frame->input(0), 1);
  ASSERT_TRUE(
      frame->runWithCallback(at(0,
                                [&](const OperatorInfo&, std::span<const TensorView> views) {
                                  fill(views[0], 5);
                                  return CallbackVerdict::Continue;
                                }),
                             {}));
  EXPECT_EQ(read(frame->output(0))[0], 5);  // relu read it later
}

TEST(CallbackAliases, WhatLiesInAConcatenationIsReplacedThere) {
  Net net(joined(), false);
  ASSERT_EQ(net.session.operators()[2].kernel, "view");
  auto frame = net.session.begin();
  fill(frame->input(0), 1);
  ASSERT_TRUE(
      frame->runWithCallback(at(2,
                                [&](const OperatorInfo&, std::span<const TensorView> views) {
                                  fill(views[0], 8);
                                  fill(views[1], 9);
                                  return CallbackVerdict::Continue;
                                }),
                             {}));
  const std::vector<float> out = read(frame->output(0));
  EXPECT_EQ(out.front(), 8);
  EXPECT_EQ(out.back(), 9);
}

TEST(CallbackAliases, AnInPlaceOperatorLeavesItsOutputOnly) {
  test::Builder b("in-place");
  ops::Unary relu;
  relu.fn = ops::UnaryFn::Relu;
  Net net(b.finish(b.add(relu, {b.input("x", {1, 4, 3, 3})})), false);
  auto frame = net.session.begin();
  fill(frame->input(0), -1);
  void* in = nullptr;
  void* out = nullptr;
  ASSERT_TRUE(frame->runWithCallback(
      [&](const OperatorInfo&, std::span<const TensorView> views) {
        in = views[0].data;
        fill(views[0], 3);
        return CallbackVerdict::Continue;
      },
      [&](const OperatorInfo&, std::span<const TensorView> views) {
        out = views[0].data;
        return CallbackVerdict::Continue;
      }));
  EXPECT_EQ(in, out);
  EXPECT_EQ(read(frame->output(0))[0], 3);
}

TEST(Operands, NamesTypesAndConstants) {
  Net net(test::smallNetwork(0), false);
  const Operands first = net.session.operands(0);
  ASSERT_EQ(first.inputs.size(), 2U);
  EXPECT_EQ(first.inputs[0].name, "x");
  EXPECT_FALSE(first.inputs[0].constant);
  EXPECT_EQ(first.inputs[0].shape, net.session.inputs()[0].shape);
  EXPECT_TRUE(first.inputs[1].constant);
  EXPECT_EQ(first.outputs[0].name, "Conv0");
  EXPECT_EQ(first.outputs[0].type, DataType::Float32);
  EXPECT_TRUE(net.session.operands(net.session.operators().size()).inputs.empty());
}

TEST(Checksum, StandsForTheFile) {
  const Net one(test::smallNetwork(0), false), same(test::smallNetwork(0), false),
      other(test::smallNetwork(1), false);
  EXPECT_EQ(one.interpreter.checksum().size(), 32U);
  EXPECT_EQ(one.interpreter.checksum(), same.interpreter.checksum());
  EXPECT_NE(one.interpreter.checksum(), other.interpreter.checksum());
}

}  // namespace
}  // namespace minnow
