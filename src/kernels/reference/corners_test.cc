// Values that ONNX's text gives for corners of operators: NaN, negative parameters, shifts beyond
// the width, doubles that are rounded once, and sums over millions of elements.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/element_types.h"
#include "kernels/kernel.h"
#include "ops/arg_reduce.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/group_normalization.h"
#include "ops/layer_normalization.h"
#include "ops/lp_normalization.h"
#include "ops/matmul.h"
#include "ops/mean_variance_normalization.h"
#include "ops/pool.h"
#include "ops/quantize.h"
#include "ops/reduce.h"
#include "ops/select.h"
#include "ops/softmax.h"
#include "ops/unary.h"

namespace minnow::kernels::reference {
namespace {

constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();
constexpr float kEndless = std::numeric_limits<float>::infinity();

template <class T>
constexpr DataType kTypeOf = DataType::Undefined;
template <>
constexpr DataType kTypeOf<float> = DataType::Float32;
template <>
constexpr DataType kTypeOf<double> = DataType::Float64;
template <>
constexpr DataType kTypeOf<int8_t> = DataType::Int8;
template <>
constexpr DataType kTypeOf<int32_t> = DataType::Int32;
template <>
constexpr DataType kTypeOf<int64_t> = DataType::Int64;
template <>
constexpr DataType kTypeOf<uint16_t> = DataType::Float16;

template <class T>
TensorView viewOf(std::vector<T>& values, const Shape& shape) {
  return {{kTypeOf<T>, shape, plainStrides(shape)}, values.data()};
}

/// Output 0 of an operator.
template <class To>
std::vector<To> run(const ops::Operator& op, std::vector<TensorView> inputs) {
  std::vector<TensorType> types;
  for (const TensorView& view : inputs) types.push_back({view.type, view.shape});
  const auto results = op.inferShape(types);
  if (!results) {
    ADD_FAILURE() << results.error().message;
    return {};
  }
  const Shape shape = (*results)[0].shape;
  EXPECT_EQ((*results)[0].type, kTypeOf<To>);
  std::vector<To> values(static_cast<size_t>(shape.elements()));
  std::vector<TensorView> outputs{viewOf(values, shape)};
  outputs.resize(results->size());
  std::vector<std::byte> workspace(1 << 16);
  base::Team alone;
  const auto ok = find(op.kind())(op, {inputs, outputs, workspace, &alone, {}});
  EXPECT_TRUE(ok);
  values.resize(static_cast<size_t>(outputs[0].shape.elements()));
  return values;
}

template <class T, class To = T>
std::vector<To> ofRow(const ops::Operator& op, std::vector<T> x) {
  const Shape shape{1, 1, static_cast<int64_t>(x.size())};
  return run<To>(op, {viewOf(x, shape)});
}

std::vector<float> unary(ops::UnaryFn fn, float alpha, float beta, std::vector<float> x) {
  ops::Unary op;
  op.fn = fn, op.alpha = alpha, op.beta = beta;
  return ofRow(op, std::move(x));
}

TEST(Corners, ActivationsOfNanAreWhatTheirTextSays) {
  using enum ops::UnaryFn;
  EXPECT_EQ(unary(ThresholdedRelu, 1, 0, {kNoNumber, 2, 1, 0.5f}),
            (std::vector<float>{0, 2, 0, 0}));
  EXPECT_EQ(unary(Shrink, 1, 0.5f, {kNoNumber, 2, -2, 1}), (std::vector<float>{0, 1.5f, -1.5f, 0}));
  for (ops::UnaryFn fn : {Relu, Clip, LeakyRelu, Elu, Selu, Celu, Sigmoid, Tanh, Mish, Softplus})
    EXPECT_TRUE(std::isnan(unary(fn, 0.5f, 2, {kNoNumber})[0])) << ops::unaryFnName(fn);
}

TEST(Corners, CeluOfANegativeAlpha) {
  const float alpha = -1.5f;
  const std::vector<float> x{-100, -3, -1, -1e-3f, 0, 2};
  const std::vector<float> y = unary(ops::UnaryFn::Celu, alpha, 0, x);
  for (size_t i = 0; i < x.size(); ++i) {
    const double curve = alpha * std::expm1(static_cast<double>(x[i]) / alpha);
    const double exact = std::max(0.0f, x[i]) + std::min(0.0, curve);
    // x / alpha is rounded, and e^ of it has that error times x / alpha.
    EXPECT_NEAR(y[i], exact, std::fabs(exact) * (3 + x[i] / alpha) * 0x1p-23) << x[i];
  }
}

TEST(Corners, ANanSurvivesEveryMaximumAndMinimum) {
  const std::vector<float> x{3, kNoNumber, 7, -kEndless};
  const auto expectNan = [&](const ops::Operator& op) {
    EXPECT_TRUE(std::isnan(ofRow(op, x)[0])) << op.name();
  };
  ops::Pool pool;
  pool.global = true;
  expectNan(pool);
  pool.global = false;
  pool.kernel = {4}, pool.strides = pool.dilations = {1}, pool.padsBegin = pool.padsEnd = {0};
  expectNan(pool);
  ops::Reduce reduce;
  reduce.axes = {2};
  for (ops::ReduceFn fn : {ops::ReduceFn::Max, ops::ReduceFn::Min}) {
    reduce.fn = fn;
    expectNan(reduce);
  }
  ops::Binary binary;
  for (ops::BinaryFn fn : {ops::BinaryFn::Max, ops::BinaryFn::Min}) {
    binary.fn = fn;
    std::vector<float> a{kNoNumber, 1}, b{1, kNoNumber};
    for (float value : run<float>(binary, {viewOf(a, {2}), viewOf(b, {2})}))
      EXPECT_TRUE(std::isnan(value));
  }
}

TEST(Corners, ANanIsThePlaceOfTheMaximumAndOfTheMinimum) {
  for (bool max : {true, false}) {
    ops::ArgReduce arg;
    arg.max = max, arg.axis = 2;
    EXPECT_EQ((ofRow<float, int64_t>(arg, {3, kNoNumber, 7, kNoNumber, 9})),
              std::vector<int64_t>{1});
    arg.selectLast = true;
    EXPECT_EQ((ofRow<float, int64_t>(arg, {3, kNoNumber, 7, kNoNumber, 9})),
              std::vector<int64_t>{3});
  }
  ops::Softmax hardmax;
  hardmax.fn = ops::SoftmaxFn::Hardmax, hardmax.axis = 2;
  EXPECT_EQ(ofRow<float>(hardmax, {3, kNoNumber, 7, kNoNumber}), (std::vector<float>{0, 1, 0, 0}));
  ops::TopK top;
  top.axis = 2, top.k = 2;
  EXPECT_EQ(ofRow<float>(top, {3, kNoNumber, 7})[1], 7);
  top.largest = false;
  EXPECT_EQ(ofRow<float>(top, {3, kNoNumber, 7}), (std::vector<float>{3, 7}));
}

template <class T>
std::vector<T> shifted(ops::BinaryFn fn, std::vector<T> a, std::vector<T> b) {
  ops::Binary op;
  op.fn = fn;
  const Shape shape{static_cast<int64_t>(a.size())};
  return run<T>(op, {viewOf(a, shape), viewOf(b, shape)});
}

/// -1e-60 is no float, and is rounded to -0. Kernels may begin a sum by its first product, so that the
/// bias must not tell -0 from +0.
TEST(Corners, ABiasOfMinusZeroIsZero) {
  std::vector<float> x{1e-30f}, w{-1e-30f}, bias{-0.0f};
  const auto sum = run<float>(
      ops::MatMul(), {viewOf(x, Shape{1, 1}), viewOf(w, Shape{1, 1}), viewOf(bias, Shape{1})});
  EXPECT_EQ(std::bit_cast<uint32_t>(sum[0]), 0u);
}

TEST(Corners, ShiftsOfSignedNumbers) {
  using enum ops::BinaryFn;
  EXPECT_EQ(shifted<int8_t>(ShiftRight, {-8, -1, 100, -3, 3, -3, 3}, {1, 3, 7, 8, 8, -1, -1}),
            (std::vector<int8_t>{-4, -1, 0, -1, 0, -1, 0}));
  EXPECT_EQ(shifted<int8_t>(ShiftLeft, {-8, 1, 1, 1}, {1, 7, 8, -1}),
            (std::vector<int8_t>{-16, -128, 0, 0}));
  EXPECT_EQ(shifted<int64_t>(ShiftRight, {-8, -8, 8}, {2, 64, 64}),
            (std::vector<int64_t>{-2, -1, 0}));
}

TEST(Corners, TheRemainderZeroHasTheDivisorsSign) {
  const auto y = shifted<float>(ops::BinaryFn::Mod, {0.0f, -0.0f, 4, 3, -3, 1, kEndless},
                                {-2, 2, -2, -2, kEndless, 0, 2});
  EXPECT_TRUE(y[0] == 0 && std::signbit(y[0]));
  EXPECT_TRUE(y[1] == 0 && !std::signbit(y[1]));
  EXPECT_TRUE(y[2] == 0 && std::signbit(y[2]));
  EXPECT_EQ(y[3], -1);
  EXPECT_EQ(y[4], kEndless);
  EXPECT_TRUE(std::isnan(y[5]) && std::isnan(y[6]));
}

TEST(Corners, DoublesBecomeHalvesByOneRounding) {
  ops::Cast cast;
  cast.to = DataType::Float16;
  const std::vector<double> x{1 + 0x1p-11 + 0x1p-40, 1 + 0x1p-11,     -1 - 0x1p-11 - 0x1p-40,
                              65519.999999999,       65520,           -1e300,
                              0x1p-25 + 0x1p-60,     0x1p-25,         1e-310,
                              2049.0000000001,       0x1.ffcp15 + 15, kNoNumber};
  const std::vector<uint16_t> halves{0x3C01, 0x3C00, 0xBC01, 0x7BFF, 0x7C00, 0xFC00,
                                     0x0001, 0x0000, 0x0000, 0x6801, 0x7BFF, 0x7E00};
  EXPECT_EQ((ofRow<double, uint16_t>(cast, x)), halves);
  EXPECT_EQ((ofRow<int64_t, uint16_t>(cast, {2049, 65519, 65520, -2051})),
            (std::vector<uint16_t>{0x6800, 0x7BFF, 0x7C00, 0xE802}));
  cast.to = DataType::Float32;
  EXPECT_EQ((ofRow<double, float>(cast, {1 + 0x1p-24, 1 + 0x1p-24 + 0x1p-50, 1e39})),
            (std::vector<float>{1, 1 + 0x1p-23f, kEndless}));
  EXPECT_EQ((ofRow<int64_t, float>(cast, {(int64_t{1} << 24) + 1, (int64_t{1} << 25) + 3})),
            (std::vector<float>{0x1p24f, 0x1p25f + 4}));
}

/// 513 * f is 47.5 in float32, half way, and a little less in double.
TEST(Corners, SumsBecomeBytesByAProductOfFloats) {
  std::vector<int32_t> sums{513, -513, 511};
  std::vector<float> one{1}, factor{0x1.7b425ep-4f};
  ops::Requantize op;
  op.type = static_cast<int64_t>(DataType::Int8);
  EXPECT_EQ(
      run<int8_t>(op, {viewOf(sums, {3}), viewOf(factor, {}), viewOf(one, {}), viewOf(one, {})}),
      (std::vector<int8_t>{48, -48, 47}));
}

TEST(Corners, BoxesWhoseScoreIsNanStayWithoutAThreshold) {
  std::vector<float> boxes{0, 0, 1, 1, 2, 0, 3, 1, 4, 0, 5, 1, 6, 0, 7, 1};
  std::vector<float> scores{0.5f, kNoNumber, 0.9f, 0.1f}, threshold{0.2f}, iou{0.5f};
  std::vector<int64_t> most{10};
  const TensorView b = viewOf(boxes, {1, 4, 4}), s = viewOf(scores, {1, 1, 4});
  ops::NonMaxSuppression nms;
  EXPECT_EQ(run<int64_t>(nms, {b, s, viewOf(most, {1}), viewOf(iou, {})}),
            (std::vector<int64_t>{0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 1}));
  EXPECT_EQ(run<int64_t>(nms, {b, s, viewOf(most, {1}), viewOf(iou, {1}), viewOf(threshold, {1})}),
            (std::vector<int64_t>{0, 0, 2, 0, 0, 0}));
}

// float64 is not computed in float32: beyond its range, and to more digits.
TEST(Corners, FunctionsOfDoublesAreDouble) {
  ops::Unary op;
  const auto of = [&](ops::UnaryFn fn, double x) {
    op.fn = fn, op.alpha = 0.25f, op.beta = 0.75f;
    return ofRow(op, std::vector{x})[0];
  };
  using enum ops::UnaryFn;
  const auto near = [](double value, double exact) {
    return std::fabs(value - exact) <= 1e-14 * std::fabs(exact);
  };
  for (double x :
       {-700.5, -30.0, -2.3, -0.7, -1e-7, 1e-9, 0.3, 0.99, 1.7, 2.9, 3.1, 11.0, 700.25}) {
    EXPECT_TRUE(near(of(Exp, x), std::exp(x))) << x;
    EXPECT_TRUE(near(of(Log, std::fabs(x)), std::log(std::fabs(x)))) << x;
    EXPECT_TRUE(near(of(Tanh, x), std::tanh(x))) << x;
    EXPECT_TRUE(near(of(Erf, x), std::erf(x))) << x << " " << of(Erf, x) - std::erf(x);
    EXPECT_TRUE(near(of(Sigmoid, x), 1 / (1 + std::exp(-x)))) << x;
    EXPECT_TRUE(near(of(Elu, x), x < 0 ? 0.25 * std::expm1(x) : x)) << x;
    EXPECT_TRUE(near(of(Softplus, x), std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))))) << x;
    EXPECT_NEAR(of(Sin, x), std::sin(x), 1e-14) << x;
    EXPECT_NEAR(of(Cos, x), std::cos(x), 1e-14) << x;
    EXPECT_TRUE(near(of(Tan, x), std::tan(x))) << x;
    EXPECT_TRUE(near(of(Atan, x), std::atan(x))) << x;
    EXPECT_TRUE(near(of(Asinh, x), std::asinh(x))) << x;
  }
  EXPECT_NEAR(of(Sin, 123456789.123456789), std::sin(123456789.123456789), 1e-13);
  EXPECT_EQ(of(LeakyRelu, -1e300), -0.25e300);
  EXPECT_EQ(of(Sign, 1e-300), 1);
  EXPECT_TRUE(near(of(Asinh, 1e200), std::asinh(1e200)));
  EXPECT_TRUE(std::isnan(of(Erf, std::nan(""))) && std::isnan(of(Sin, std::nan(""))));
}

TEST(Corners, SoftmaxOfDoubles) {
  ops::Softmax op;
  op.axis = 2;
  const auto y = ofRow<double>(op, {1000, 1001, 999.5});
  const double sum = std::exp(-1) + 1 + std::exp(-1.5);
  EXPECT_NEAR(y[0], std::exp(-1) / sum, 1e-15);
  EXPECT_NEAR(y[2], std::exp(-1.5) / sum, 1e-15);
}

// Long sums --------------------------------------------------------------------------------------

constexpr int64_t kLong = 4'000'000;

/// Numbers about 1 whose sum rounds one way when it is one chain.
std::vector<float> longRow() {
  std::vector<float> x(kLong);
  for (size_t i = 0; i < x.size(); ++i) x[i] = 1.0f + 0.1f * static_cast<float>(i * 7919 % 1000);
  return x;
}

double sumOf(const std::vector<float>& x, double power, double minus = 0) {
  double sum = 0;
  for (float v : x) sum += std::pow(std::fabs(v - minus), power);
  return sum;
}

TEST(LongSums, ReductionsStayNearDouble) {
  std::vector<float> x = longRow();
  const std::pair<ops::ReduceFn, double> expected[] = {
      {ops::ReduceFn::Sum, sumOf(x, 1)},       {ops::ReduceFn::Mean, sumOf(x, 1) / kLong},
      {ops::ReduceFn::L1, sumOf(x, 1)},        {ops::ReduceFn::L2, std::sqrt(sumOf(x, 2))},
      {ops::ReduceFn::SumSquare, sumOf(x, 2)}, {ops::ReduceFn::LogSum, std::log(sumOf(x, 1))}};
  for (const auto& [fn, exact] : expected)
    for (bool striped : {true, false}) {
      ops::Reduce op;
      op.fn = fn, op.axes = {striped ? 1 : 0};
      const Shape shape = striped ? Shape{1, kLong} : Shape{kLong, 1};
      const float y = run<float>(op, {viewOf(x, shape)})[0];
      EXPECT_NEAR(y, exact, exact * 2e-6) << ops::reduceFnName(fn) << (striped ? "" : ", a chain");
    }
}

TEST(LongSums, GlobalPoolsStayNearDouble) {
  std::vector<float> x = longRow();
  ops::Pool pool;
  pool.global = true;
  for (const Shape& shape : {Shape{1, 1, kLong}, {1, 1, 2000, 2000}, {1, 1, kLong / 4, 4}}) {
    pool.fn = ops::PoolFn::Average;
    const double mean = sumOf(x, 1) / kLong;
    EXPECT_NEAR(run<float>(pool, {viewOf(x, shape)})[0], mean, mean * 4e-6) << text(shape);
    pool.fn = ops::PoolFn::Lp;
    const double norm = std::sqrt(sumOf(x, 2));
    EXPECT_NEAR(run<float>(pool, {viewOf(x, shape)})[0], norm, norm * 2e-6) << text(shape);
  }
}

/// The largest distance of normalised numbers from what double makes of them.
double worst(const ops::Operator& op, const Shape& shape, double mean, double deviation) {
  std::vector<float> x = longRow(), one(1, 1), none(1, 0);
  std::vector<float> ones(x.size(), 1);
  std::vector<TensorView> inputs{viewOf(x, shape)};
  if (op.kind() == ops::OpKind::GroupNormalization)
    inputs.insert(inputs.end(), {viewOf(one, {1}), viewOf(none, {1})});
  if (op.kind() == ops::OpKind::LayerNormalization) inputs.push_back(viewOf(one, {1}));
  const std::vector<float> y = run<float>(op, inputs);
  double error = 0;
  for (size_t i = 0; i < y.size(); ++i)
    error = std::max(error, std::fabs(y[i] - (x[i] - mean) / deviation));
  return error;
}

TEST(LongSums, NormalisationsStayNearDouble) {
  const std::vector<float> x = longRow();
  const double mean = sumOf(x, 1) / kLong, deviation = std::sqrt(sumOf(x, 2, mean) / kLong);
  const Shape volume{1, 1, 100, 200, 200};
  ops::GroupNormalization instance;
  EXPECT_LE(worst(instance, volume, mean, deviation), 1e-5);
  ops::LayerNormalization layer;
  layer.axis = 1;
  EXPECT_LE(worst(layer, {1, kLong}, mean, deviation), 1e-5);
  layer.centred = false;
  EXPECT_LE(worst(layer, {1, kLong}, 0, std::sqrt(sumOf(x, 2) / kLong)), 1e-5);
  ops::MeanVarianceNormalization variance;
  variance.axes = {0, 2, 3, 4};
  EXPECT_LE(worst(variance, volume, mean, deviation), 1e-5);
  ops::LpNormalization lp;
  lp.axis = 0;
  EXPECT_LE(worst(lp, {kLong, 1}, 0, std::sqrt(sumOf(x, 2))), 1e-8);
}

TEST(LongSums, SoftmaxAddsUpToOne) {
  std::vector<float> x(kLong);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 3);
  ops::Softmax softmax;
  for (const auto& [axis, shape] : {std::pair{1, Shape{1, kLong}}, {0, Shape{kLong, 1}}}) {
    softmax.axis = axis;
    const std::vector<float> y = run<float>(softmax, {viewOf(x, shape)});
    EXPECT_NEAR(std::accumulate(y.begin(), y.end(), 0.0), 1, 4e-6) << axis;
  }
}

}  // namespace
}  // namespace minnow::kernels::reference
