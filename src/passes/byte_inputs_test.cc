// Inputs that become bytes: the same outputs from the same bytes, and inputs that stay numbers.
#include "passes/byte_inputs.h"

#include "ops/quantize.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"

namespace minnow::passes {
namespace {

using ir::ValueId;

/// Rounds an input, to uint8 unless it is said otherwise.
struct Rounding {
  GraphBuilder b;
  ValueId x = b.input({1, 3, 4, 6});
  ops::QuantizeLinear op;

  ValueId bytes(float scale = 1 / 32.0F) {
    const ValueId zero =
        b.graph.addValue({.name = "zero",
                          .type = {DataType::Uint8, {}},
                          .constant = ir::makeConstant(std::array{std::byte{117}})});
    return b.add(op, {x, b.scalar(scale), zero});
  }
  void finish(ValueId bytes) {
    b.output(b.add(ops::DequantizeLinear(),
                   {b.add(poolOf(ops::PoolFn::Max, 2, 1), {bytes}), b.scalar(1 / 32.0F)}));
  }
};

TEST(ByteInputs, GiveTheOutputsOfWhatTheyWereRoundedFrom) {
  Rounding r;
  r.finish(r.bytes());
  ir::Graph after = r.b.graph.clone();
  const auto taken = takeBytes(after);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].name, "in0");
  EXPECT_EQ(taken[0].type, DataType::Uint8);
  EXPECT_EQ(taken[0].scale, 1 / 32.0F);
  EXPECT_EQ(taken[0].zero, 117);
  ASSERT_TRUE(runPasses(after, {}));
  ASSERT_TRUE(after.verify());
  EXPECT_EQ(kinds(after), "MaxPool DequantizeLinear");
  EXPECT_EQ(after.values[after.inputs[0]].name.view(), "in0");
  const auto numbers = randomInputs(r.b.graph, 3);
  Tensor bytes({DataType::Uint8, {1, 3, 4, 6}});
  for (size_t i = 0; i < numbers[0].floats().size(); ++i)
    bytes.view().as<uint8_t>()[i] = static_cast<uint8_t>(
        std::clamp(std::nearbyint(numbers[0].floats()[i] * 32) + 117, 0.0F, 255.0F));
  const auto a = runGraph(r.b.graph, numbers), b = runGraph(after, {bytes});
  EXPECT_TRUE(std::ranges::equal(a[0].floats(), b[0].floats()));
}

TEST(ByteInputs, StayNumbersWhereOthersReadThemOrRoundOtherwise) {
  Rounding readTwice, away, tiny, seen;
  readTwice.finish(readTwice.bytes());
  readTwice.b.output(readTwice.b.add(unary(ops::UnaryFn::Relu), {readTwice.x}));
  away.op.awayFromZero = true;
  away.finish(away.bytes());
  tiny.finish(tiny.bytes(1e-40F));
  seen.b.output(seen.bytes());
  for (Rounding* r : {&readTwice, &away, &tiny, &seen}) {
    const std::string before = kinds(r->b.graph);
    EXPECT_TRUE(takeBytes(r->b.graph).empty());
    EXPECT_EQ(kinds(r->b.graph), before);
  }
}

}  // namespace
}  // namespace minnow::passes
