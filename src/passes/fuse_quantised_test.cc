// fuse-quantised: what becomes integers, that results stay within a step of the float ones, and that
// look-alikes are left alone. That bytes are ONNX Runtime's, scripts/check_ort_int8.py holds.
#include "ops/cast.h"
#include "ops/conv_transpose.h"
#include "ops/integer_product.h"
#include "ops/pad.h"
#include "ops/quantize.h"
#include "ops/quantized.h"
#include "ops/resize.h"
#include "ops/softmax.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"

namespace minnow::passes {

Result<int> fuseQuantised(ir::Graph&, sizes::Budget&);

namespace {

using ir::ValueId;

/// Builds quantised graphs: every tensor uint8 or int8 with a scale and a zero point.
class Quantiser {
 public:
  explicit Quantiser(DataType type) : type_(type) {}

  GraphBuilder& b() { return b_; }
  ir::Graph take() { return std::move(b_.graph); }
  ValueId constant(const TensorType& type, const std::vector<std::byte>& bytes) {
    return b_.graph.addValue({.name = "c", .type = type, .constant = ir::makeConstant(bytes)});
  }
  ValueId zero(int value) { return constant({type_, {}}, {static_cast<std::byte>(value)}); }
  int middle() const { return type_ == DataType::Int8 ? 3 : 131; }

  ValueId quantised(ValueId x, float scale) {
    ops::QuantizeLinear op;
    op.type = static_cast<int64_t>(type_);
    return b_.add(op, {x, b_.scalar(scale), zero(middle())});
  }
  ValueId real(ValueId bytes, float scale) {
    return b_.add(ops::DequantizeLinear(), {bytes, b_.scalar(scale), zero(middle())});
  }
  ValueId input(const Shape& shape, float scale = 1 / 64.0F) {
    return real(quantised(b_.input(shape), scale), scale);
  }
  /// int8 of that shape, times 1/128.
  ValueId weights(const Shape& shape) {
    std::vector<std::byte> bytes(static_cast<size_t>(shape.elements()));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(b_.generator()());
    const ValueId zero8 = constant({DataType::Int8, {}}, {std::byte{0}});
    return b_.add(ops::DequantizeLinear(),
                  {constant({DataType::Int8, shape}, bytes), b_.scalar(1 / 128.0F), zero8});
  }
  ir::Graph finish(ValueId x, float scale) {
    b_.output(real(quantised(x, scale), scale));
    return take();
  }

 private:
  GraphBuilder b_{1};
  DataType type_;
};

constexpr float kScale = 1 / 16.0F;

/// Kinds of the graph after the pass; results differ by a step at most.
std::string fused(ir::Graph graph) {
  const ir::Graph before = graph.clone();
  sizes::Budget budget;
  EXPECT_TRUE(fuseQuantised(graph, budget));
  graph.removeDead();
  EXPECT_TRUE(graph.verify());
  const auto inputs = randomInputs(before, 3);
  const auto a = runGraph(before, inputs), b = runGraph(graph, inputs);
  const auto some = Tensor(a[0]).floats(), others = Tensor(b[0]).floats();
  for (size_t i = 0; i < some.size(); ++i) EXPECT_NEAR(some[i], others[i], kScale * 1.001F);
  return kinds(graph);
}

class FuseQuantised : public testing::TestWithParam<DataType> {};

TEST_P(FuseQuantised, ConvolutionAndItsActivation) {
  Quantiser q(GetParam());
  const ValueId x = q.input({1, 4, 6, 6});
  const ValueId y = q.b().add(convOf(3, 1, 1), {x, q.weights({5, 4, 3, 3})});
  EXPECT_EQ(fused(q.finish(q.b().add(unary(ops::UnaryFn::Relu), {y}), kScale)),
            "QuantizeLinear QuantizedConv DequantizeLinear");
}

TEST_P(FuseQuantised, ProductsSumsAndAverages) {
  Quantiser q(GetParam());
  const ValueId x = q.input({3, 8}), y = q.b().add(ops::MatMul(), {x, q.weights({8, 5})});
  EXPECT_EQ(fused(q.finish(y, kScale)), "QuantizeLinear QuantizedMatMul DequantizeLinear");
  Quantiser sum(GetParam());
  const ValueId a = sum.input({1, 4, 3, 3}), b = sum.input({1, 4, 3, 3}, 1 / 32.0F);
  EXPECT_EQ(fused(sum.finish(sum.b().add(binary(ops::BinaryFn::Add), {a, b}), kScale)),
            "QuantizeLinear QuantizeLinear QuantizedAdd DequantizeLinear");
  Quantiser pool(GetParam());
  ops::Pool global;
  global.fn = ops::PoolFn::Average, global.global = true;
  EXPECT_EQ(fused(pool.finish(pool.b().add(global, {pool.input({1, 4, 3, 3})}), kScale)),
            "QuantizeLinear QuantizedPool DequantizeLinear");
}

/// They would wrap around, and all would be the other end of the range.
TEST_P(FuseQuantised, SumsThatNeedMoreThan32BitsStayReal) {
  for (const int32_t bias : {INT32_MAX, INT32_MIN, 1 << 30}) {
    Quantiser q(GetParam());
    const std::array<int32_t, 5> all{0, 1, bias, 3, 4};
    const auto bytes = std::as_bytes(std::span(all));
    const ValueId sums = q.b().add(
        ops::DequantizeLinear(), {q.constant({DataType::Int32, {5}}, {bytes.begin(), bytes.end()}),
                                  q.b().scalar(1 / 64.0F / 128)});
    const ValueId x = q.input({1, 4, 6, 6});
    const ValueId y = q.b().add(convOf(3, 1, 1), {x, q.weights({5, 4, 3, 3}), sums});
    EXPECT_EQ(fused(q.finish(y, kScale)).contains("QuantizedConv"), bias == 1 << 30);
  }
}

/// ONNX Runtime computes Softmax and averages in integers where both have one type.
TEST_P(FuseQuantised, SoftmaxAndAveragesOfAnotherTypeStayReal) {
  const DataType other = GetParam() == DataType::Int8 ? DataType::Uint8 : DataType::Int8;
  ops::QuantizeLinear to;
  to.type = static_cast<int64_t>(other);
  const auto check = [&](auto op) {
    Quantiser q(GetParam());
    const ValueId zero = q.constant({other, {}}, {std::byte{3}});
    const ValueId scale = q.b().scalar(kScale), y = q.b().add(op, {q.input({1, 4, 3, 3})});
    q.b().output(
        q.b().add(ops::DequantizeLinear(), {q.b().add(to, {y, scale, zero}), scale, zero}));
    EXPECT_EQ(fused(q.take()),
              "QuantizeLinear DequantizeLinear " + op.name() + " QuantizeLinear DequantizeLinear");
  };
  check(ops::Softmax()), check(poolOf(ops::PoolFn::Average, 3, 2, 1));
}

TEST_P(FuseQuantised, WhatMovesMovesBytes) {
  Quantiser q(GetParam());
  const ValueId x = q.input({1, 4, 6, 6}, kScale);
  EXPECT_EQ(fused(q.finish(q.b().add(poolOf(ops::PoolFn::Max, 3, 2, 1), {x}), kScale)),
            "QuantizeLinear MaxPool DequantizeLinear");
  Quantiser other(GetParam());  // of another scale it is real numbers that move
  const ValueId y = other.input({1, 4, 6, 6}, 1 / 32.0F);
  EXPECT_EQ(fused(other.finish(other.b().add(poolOf(ops::PoolFn::Max, 3, 2, 1), {y}), kScale)),
            "QuantizeLinear DequantizeLinear MaxPool QuantizeLinear DequantizeLinear");
}

ops::Resize nearest(ops::ResizeCoordinates coordinates) {
  ops::Resize op;
  op.coordinates = coordinates;
  op.sizes = {1, 4, 9, 9};
  op.roi = {0, 0, -0.5F, -0.5F, 1, 1, 1.5F, 1.5F};
  op.extrapolation = 2;
  return op;
}

TEST_P(FuseQuantised, ResizeMovesBytesUnlessItHasANumberOfItsOwn) {
  Quantiser q(GetParam());
  const ValueId x = q.input({1, 4, 6, 6}, kScale);
  const ValueId y = q.b().add(nearest(ops::ResizeCoordinates::Asymmetric), {x});
  EXPECT_EQ(fused(q.finish(y, kScale)), "QuantizeLinear Resize DequantizeLinear");
  Quantiser other(GetParam());  // 2 beyond the input, which as a byte is another number
  const ValueId z = other.input({1, 4, 6, 6}, kScale);
  const ValueId w = other.b().add(nearest(ops::ResizeCoordinates::TfCropAndResize), {z});
  EXPECT_EQ(fused(other.finish(w, kScale)),
            "QuantizeLinear DequantizeLinear Resize QuantizeLinear DequantizeLinear");
}

TEST_P(FuseQuantised, DifferencesAndSlopes) {
  for (const auto fn : {ops::BinaryFn::Sub, ops::BinaryFn::PRelu}) {
    Quantiser q(GetParam());
    const ValueId a = q.input({1, 4, 3, 3}), b = q.input({4, 1, 1}, 1 / 32.0F);
    EXPECT_EQ(fused(q.finish(q.b().add(binary(fn), {a, b}), kScale)),
              std::string("QuantizeLinear QuantizeLinear Quantized") +
                  (fn == ops::BinaryFn::Sub ? "Sub" : "PRelu") + " DequantizeLinear");
  }
}

TEST_P(FuseQuantised, SoftmaxOfBytesUnlessOverSeveralAxes) {
  ops::Softmax op;
  op.axis = 1;
  Quantiser q(GetParam());
  EXPECT_EQ(fused(q.finish(q.b().add(op, {q.input({2, 9, 3}, 1 / 8.0F)}), 1 / 256.0F)),
            "QuantizeLinear Softmax DequantizeLinear");
  op.trailing = true;
  Quantiser other(GetParam());
  EXPECT_EQ(fused(other.finish(other.b().add(op, {other.input({2, 9, 3})}), 1 / 256.0F)),
            "QuantizeLinear DequantizeLinear Softmax QuantizeLinear DequantizeLinear");
}

TEST_P(FuseQuantised, ScalesThatKernelsTakeForNothingStayReal) {
  ops::Softmax op;
  op.axis = 1;
  Quantiser q(GetParam());
  EXPECT_EQ(fused(q.finish(q.b().add(op, {q.input({2, 9}, 1e-40F)}), 1 / 256.0F)),
            "QuantizeLinear DequantizeLinear Softmax QuantizeLinear DequantizeLinear");
}

TEST_P(FuseQuantised, PadsOfANumberAndOfElements) {
  ops::Pad op;
  op.padsBegin = {0, 0, 1, 2}, op.padsEnd = {0, 0, 3, -1};
  Quantiser q(GetParam());
  const ValueId number = q.b().scalar(0.7F);
  EXPECT_EQ(fused(q.finish(q.b().add(op, {q.input({1, 4, 5, 6}, kScale), number}), kScale)),
            "QuantizeLinear Pad DequantizeLinear");
  Quantiser other(GetParam());
  EXPECT_EQ(fused(other.finish(other.b().add(op, {other.input({1, 4, 5, 6})}), kScale)),
            "QuantizeLinear LookUp Pad DequantizeLinear");
  op.mode = ops::PadMode::Reflect;
  Quantiser mirror(GetParam());
  EXPECT_EQ(fused(mirror.finish(mirror.b().add(op, {mirror.input({1, 4, 5, 6}, kScale)}), kScale)),
            "QuantizeLinear Pad DequantizeLinear");
}

ops::ConvTranspose transposed(int64_t kernel, int64_t stride, int64_t pad, int64_t more) {
  ops::ConvTranspose op;
  op.kernel = {kernel, kernel + 1}, op.strides = {stride, stride}, op.dilations = {1, 1};
  op.padsBegin = {pad, 0}, op.padsEnd = {0, pad}, op.outputPadding = {more, 0};
  return op;
}

TEST_P(FuseQuantised, TransposedConvolutionsAreBlocks) {
  for (const auto& op : {transposed(2, 2, 0, 0), transposed(3, 2, 1, 1), transposed(4, 2, 1, 0),
                         transposed(5, 3, 2, 2), transposed(2, 3, 0, 0), transposed(3, 1, 1, 0)}) {
    Quantiser q(GetParam());
    const ValueId x = q.input({2, 4, 5, 6});
    const ValueId y =
        q.b().add(op, {x, q.weights({4, 3, op.kernel[0], op.kernel[1]}), q.b().random({3})});
    EXPECT_EQ(fused(q.finish(y, kScale)),
              "QuantizeLinear QuantizedConv DepthToSpace Slice DequantizeLinear");
  }
  Quantiser groups(GetParam());  // results of a group would not lie side by side
  auto op = transposed(3, 2, 1, 1);
  op.groups = 2;
  const ValueId y = groups.b().add(op, {groups.input({2, 4, 5, 6}), groups.weights({4, 3, 3, 4})});
  EXPECT_EQ(fused(groups.finish(y, kScale)),
            "QuantizeLinear DequantizeLinear DequantizeLinear ConvTranspose QuantizeLinear "
            "DequantizeLinear");
}

TEST_P(FuseQuantised, TransposedConvolutionsOfACallersBiasStayReal) {
  Quantiser q(GetParam());
  const ValueId x = q.input({1, 4, 5, 6}), w = q.weights({4, 3, 3, 4});
  const ValueId steps = q.b().graph.addValue({.name = "b", .type = {DataType::Int32, Shape{3}}});
  q.b().graph.inputs.push_back(steps);
  const ValueId bias = q.b().add(ops::DequantizeLinear(), {steps, q.b().scalar(1 / 8192.0F)});
  ir::Graph graph = q.finish(q.b().add(transposed(3, 2, 1, 1), {x, w, bias}), kScale);
  sizes::Budget budget;
  EXPECT_TRUE(fuseQuantised(graph, budget));
  EXPECT_NE(kinds(graph).find("ConvTranspose"), std::string::npos);
}

ops::Concat alongChannels() {
  ops::Concat op;
  op.axis = 1;
  return op;
}

TEST_P(FuseQuantised, JoinedScalesMeetByTables) {
  Quantiser q(GetParam());
  const ValueId a = q.input({1, 4, 3, 3}), b = q.input({1, 2, 3, 3}, kScale);
  EXPECT_EQ(fused(q.finish(q.b().add(alongChannels(), {a, b}), kScale)),
            "QuantizeLinear LookUp QuantizeLinear Concat DequantizeLinear");
}

TEST_P(FuseQuantised, ScalesOfWhichOneIsReadElsewhereAreJoinedAsReal) {
  Quantiser q(GetParam());
  const ValueId a = q.input({1, 4, 3, 3}), b = q.input({1, 2, 3, 3}, 1 / 32.0F);
  q.b().output(q.b().add(unary(ops::UnaryFn::Exp), {b}));
  fused(q.finish(q.b().add(alongChannels(), {a, b}), kScale));
  Quantiser twice(GetParam());
  const ValueId c = twice.input({1, 4, 3, 3}), d = twice.input({1, 2, 3, 3}, 1 / 32.0F);
  fused(twice.finish(twice.b().add(alongChannels(), {c, d, d}), kScale));
}

TEST_P(FuseQuantised, SwishIsOneTable) {
  Quantiser q(GetParam());
  const ValueId x = q.quantised(q.b().input({1, 4, 6, 6}), 1 / 32.0F);
  const ValueId gate = q.b().add(unary(ops::UnaryFn::Sigmoid), {q.real(x, 1 / 32.0F)});
  const ValueId rounded = q.real(q.quantised(gate, 1 / 128.0F), 1 / 128.0F);
  const ValueId y = q.b().add(binary(ops::BinaryFn::Mul), {q.real(x, 1 / 32.0F), rounded});
  EXPECT_EQ(fused(q.finish(y, kScale)), "QuantizeLinear LookUp DequantizeLinear");
}

TEST_P(FuseQuantised, ResultsThatAreReadElsewhereStayReal) {
  Quantiser q(GetParam());
  const ValueId x = q.input({1, 4, 6, 6});
  const ValueId y = q.b().add(convOf(1, 1, 0), {x, q.weights({5, 4, 1, 1})});
  q.b().output(q.real(q.quantised(y, kScale), kScale));
  q.b().output(y);
  EXPECT_EQ(
      fused(q.take()),
      "QuantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear DequantizeLinear");
}

/// What quantize_dynamic makes of a convolution or a product: weights of a zero point that int8 does
/// not hold once it is off, the scale times that of x, a bias.
struct Dynamic {
  GraphBuilder b{5};

  ValueId constant(DataType type, const Shape& shape, int first, int step) {
    std::vector<std::byte> bytes(static_cast<size_t>(shape.elements()));
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::byte>(first + step * static_cast<int>(i));
    return b.graph.addValue(
        {.name = "c", .type = {type, shape}, .constant = ir::makeConstant(bytes)});
  }
  template <class Product>
  ValueId of(const Product& op, const Shape& x, const Shape& w, const Shape& bias) {
    const auto parts = b.addMany(ops::DynamicQuantizeLinear(), {b.input(x)}, 3);
    const ValueId sum = b.add(op, {parts[0], constant(DataType::Uint8, w, 3, 41), parts[2],
                                   constant(DataType::Uint8, {}, 120, 0)});
    const ValueId scale = b.add(binary(ops::BinaryFn::Mul), {parts[1], b.scalar(1 / 64.0F)});
    const ValueId real = b.add(ops::Cast(), {sum});
    const ValueId scaled = b.add(binary(ops::BinaryFn::Mul), {real, scale});
    return b.add(binary(ops::BinaryFn::Add), {b.random(bias), scaled});
  }
  /// Kinds after the pass; results are the same to the bit.
  std::string fused(ValueId y) {
    b.output(y);
    ir::Graph graph = b.graph.clone();
    sizes::Budget budget;
    EXPECT_TRUE(fuseQuantised(graph, budget));
    graph.removeDead();
    EXPECT_TRUE(graph.verify());
    const auto inputs = randomInputs(b.graph, 3);
    const auto before = runGraph(b.graph, inputs), after = runGraph(graph, inputs);
    EXPECT_TRUE(std::ranges::equal(Tensor(before[0]).floats(), Tensor(after[0]).floats()));
    return kinds(graph);
  }
};

TEST(FuseDynamic, ConvolutionTakesScaleAndBias) {
  Dynamic d;
  ops::ConvInteger op;
  static_cast<ops::WindowAttributes&>(op) = convOf(3, 1, 1);
  const ValueId y = d.of(op, {1, 4, 6, 6}, {5, 4, 3, 3}, {1, 5, 1, 1});
  EXPECT_EQ(d.fused(y), "DynamicQuantizeLinear Mul QuantizedConv");
}

TEST(FuseDynamic, ProductTakesScaleAndBias) {
  Dynamic d;
  const ValueId y = d.of(ops::MatMulInteger(), {3, 8}, {8, 5}, {5});
  EXPECT_EQ(d.fused(y), "DynamicQuantizeLinear Mul QuantizedMatMul");
}

INSTANTIATE_TEST_SUITE_P(Both, FuseQuantised, testing::Values(DataType::Uint8, DataType::Int8));

}  // namespace
}  // namespace minnow::passes
