// Sessions whose device stores float32 as float16, on each device of this machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/test_models.h"

namespace minnow {
namespace {

class LowPrecision : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto here = [](const BackendInfo& one) {
      return std::string_view(GetParam()) == one.name && *one.missing == '\0';
    };
    if (!std::ranges::any_of(backendsHere(), here)) GTEST_SKIP() << GetParam() << " is not here";
  }
  static SessionOptions options(Precision precision) {
    return {.backend = GetParam(), .precision = precision};
  }
  static std::vector<float> run(const ir::Graph& graph, const SessionOptions& options,
                                float start = -0.5F) {
    Runtime runtime = *Runtime::create();
    const test::Model model(graph);
    const auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
    auto session = interpreter.createSession(options);
    EXPECT_TRUE(session) << session.error().message;
    return session ? test::runOnce(*session, start) : std::vector<float>();
  }
};

/// Convolutions of each kind, one in Winograd's tiles, and a sine, which no device computes.
ir::Graph network() {
  test::Builder b("convolutions");
  ops::Unary sine;
  sine.fn = ops::UnaryFn::Sin;
  const ir::ValueId x = b.input("x", {1, 16, 64, 64});
  const ir::ValueId wide = b.conv(x, 16, 64, 1, 1, 1, 1);
  const ir::ValueId deep = b.conv(b.conv(wide, 64, 64, 3, 1, 64, 2), 64, 64, 3, 2, 1, 3);
  return b.finish(b.conv(b.add(sine, {deep}), 64, 16, 3, 1, 2, 4));
}

ir::Graph sumWithItself(int64_t channels) {
  test::Builder b("sum");
  ops::Binary sum;
  sum.fn = ops::BinaryFn::Add;
  const ir::ValueId x = b.input("x", {1, channels, 96, 96});
  return b.finish(b.add(sum, {x, x}));
}

TEST_P(LowPrecision, IsNearTheCpuInHalfTheMemoryToTheByte) {
  const auto expected = run(network(), {});
  size_t bytes[2];
  for (const Precision precision : {Precision::High, Precision::Low}) {
    Runtime runtime = *Runtime::create();
    const test::Model model(network());
    const auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
    auto session = *interpreter.createSession(options(precision));
    const auto found = test::runOnce(session, -0.5F);
    ASSERT_EQ(found.size(), expected.size());
    const auto magnitude = [](float x) { return std::fabs(x); };
    const float most = magnitude(*std::ranges::max_element(expected, {}, magnitude));
    ASSERT_GT(most, 0);
    const double tolerance = precision == Precision::Low ? 5e-3 : 1e-4;
    for (size_t i = 0; i < found.size(); ++i)
      ASSERT_NEAR(found[i], expected[i], tolerance * most) << i;
    const size_t device = session.memory().deviceBytes;
    EXPECT_EQ(runtime.ledger().now.deviceBytes, device);
    bytes[precision == Precision::Low] = device;
  }
  EXPECT_NEAR(static_cast<double>(bytes[1]) / static_cast<double>(bytes[0]), 0.5, 0.02);
}

TEST_P(LowPrecision, LeavesTheCpuItsBits) {
  EXPECT_EQ(run(network(), {.precision = Precision::Low}), run(network(), {}));
}

/// The largest half is 65504, and from 65520 on what is nearest is none: it shows, and does not become
/// the largest, on devices that round towards zero too.
TEST_P(LowPrecision, NumbersThatHalvesDoNotHoldAreInfinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float x : {32752.0F, 32768.0F, 40000.0F, -40000.0F, -32752.0F}) {
    Runtime runtime = *Runtime::create();
    const test::Model model(sumWithItself(64));
    const auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
    auto session = *interpreter.createSession(options(Precision::Low));
    ASSERT_STREQ(session.operators()[1].backend, GetParam());
    auto frame = *session.begin();
    const TensorView in = frame.input(0);
    std::fill_n(in.as<float>(), in.elements(), x);
    ASSERT_TRUE(frame.run());
    const float expected = std::fabs(x) > 32752 ? std::copysign(kInfinity, x) : 2 * x;
    for (const float y : test::outputOf(frame)) ASSERT_EQ(y, expected) << x;
  }
}

TEST_P(LowPrecision, OperatorsWhoseWeightsHalvesDoNotHoldStayOnTheCpu) {
  for (const auto& [weight, words] :
       {std::pair(1e5F, "beyond what float16 holds"), std::pair(1e-6F, "too few digits")}) {
    test::Builder b("weights");
    ir::Graph graph = b.finish(b.conv(b.input("x", {1, 64, 64, 64}), 64, 64, 3, 1, 1, 1));
    ir::Graph changed = graph.clone();
    std::vector<float> weights(static_cast<size_t>(64 * 64 * 9), weight);
    changed.nodes[0].inputs[1] = changed.addFloats("weights", {64, 64, 3, 3}, weights);
    Runtime runtime = *Runtime::create();
    const test::Model model(changed);
    const auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
    auto session = interpreter.createSession(options(Precision::Low));
    ASSERT_TRUE(session) << session.error().message;
    const OperatorInfo conv = session->operators()[0];
    EXPECT_STREQ(conv.backend, "cpu");
    EXPECT_TRUE(conv.refused.contains(words)) << conv.refused;
    EXPECT_EQ(test::runOnce(*session, 0.5F), run(changed, {}, 0.5F));
  }
}

TEST_P(LowPrecision, CallbacksSeeAndReplaceFloats) {
  Runtime runtime = *Runtime::create();
  const test::Model model(sumWithItself(64));
  const auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  auto session = *interpreter.createSession(options(Precision::Low));
  auto frame = *session.begin();
  test::writeInput(frame, 0);
  const auto replace = [&](const OperatorInfo& op, std::span<const TensorView> outputs) {
    if (op.type == "Add") {
      EXPECT_EQ(outputs[0].type, DataType::Float32);
      std::fill_n(outputs[0].as<float>(), outputs[0].elements(), 0.1F);
    }
    return CallbackVerdict::Continue;
  };
  ASSERT_TRUE(frame.runWithCallback({}, replace));
  for (const float y : test::outputOf(frame)) ASSERT_EQ(y, 0.0999755859375F) << "as float16 has it";
}

INSTANTIATE_TEST_SUITE_P(Devices, LowPrecision, testing::Values("cl", "gl"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace minnow
