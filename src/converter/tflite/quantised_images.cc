// Pools, means, softmax, resizing, and what only moves bytes but has to mind what they stand for.
#include <cmath>
#include <numeric>

#include "base/fail.h"
#include "converter/tflite/images.h"
#include "converter/tflite/quantised.h"
#include "ops/quantize.h"
#include "ops/reduce.h"
#include "ops/softmax.h"

namespace minnow::converter {
namespace {

using kernels::FixedFactor;
using ops::BinaryFn;
using ops::QuantisationRule;
using Value = ir::ValueId;

}  // namespace

// Pools -------------------------------------------------------------------------------------------

/// On what is stored, whatever the scales.
void importQuantisedPool(TfliteOperator& op) {
  const auto& options = op.options<tfl::Pool2DOptions>();
  if (op.type() != "L2_POOL_2D" && op.typeOf(0) == DataType::Int16) return importWidePool(op);
  if (op.type() == "L2_POOL_2D" || elementSize(op.typeOf(0)) != 1)
    op.unsupported(text("quantised ", op.typeOf(0), " here"));
  std::unique_ptr<ops::Pool> pool = poolOf(op);
  const Value x = op.image(0);
  if (op.type() == "MAX_POOL_2D")
    return op.set(0, activated(op, op.emit(std::move(pool), {x}), options.activation()),
                  Axes::ChannelsFirst);
  auto made = std::make_unique<ops::QuantizedPool>();
  made->pool = *pool;
  made->x = quantisationOf(op, op.declaredInput(0));
  made->yScale = quantisationOf(op, op.declaredOutput(0)).scale;
  made->y = resultOf(op, options.activation(), QuantisationRule::TfliteReal);
  op.set(0, op.emit(std::move(made), {x}), Axes::ChannelsFirst);
}

// Along axes --------------------------------------------------------------------------------------

namespace {

/// Input 0 as [1, kept elements, reduced elements].
Value foldedRows(TfliteOperator& op, const std::vector<int64_t>& axes) {
  const Shape in = op.shape(0);
  std::vector<int64_t> perm;
  for (int64_t axis = 0; axis < in.rank(); ++axis)
    if (std::ranges::find(axes, axis) == axes.end()) perm.push_back(axis);
  perm.insert(perm.end(), axes.begin(), axes.end());
  int64_t reduced = 1;
  for (int64_t axis : axes) reduced *= in[static_cast<int>(axis)];
  op.assumeShape(0);
  return op.compose().reshape(op.transposed(op.in(0), perm),
                              {1, reduced > 0 ? in.elements() / reduced : 0, reduced});
}

/// What is left of input 0's extents.
std::vector<int64_t> keptShape(const TfliteOperator& op, const std::vector<int64_t>& axes,
                               bool keepDims) {
  const Shape in = op.shape(0);
  std::vector<int64_t> kept;
  for (int64_t axis = 0; axis < in.rank(); ++axis) {
    const bool isReduced = std::ranges::find(axes, axis) != axes.end();
    if (!isReduced || keepDims) kept.push_back(isReduced ? 1 : in[static_cast<int>(axis)]);
  }
  return kept;
}

void setWideMean(TfliteOperator& op, const std::vector<int64_t>& axes, bool keepDims) {
  const auto x = quantisationOf(op, op.declaredInput(0)),
             y = quantisationOf(op, op.declaredOutput(0));
  const Value rows = foldedRows(op, axes);
  const int64_t count = op.context().typeOf(rows).shape[2];
  FixedFactor factor(double{x.scale} / double{y.scale});
  factor.divideBy(count);
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const Value sum =
      whole.plus(c.reduce(ops::ReduceFn::Sum, whole.of(rows), 2), whole.number(-count * x.zero));
  op.set(0, c.reshape(whole.stored(whole.times(sum, factor), resultOf(op, tfl::Activation::None)),
                      keptShape(op, axes, keepDims)));
}

void setMean(TfliteOperator& op, const std::vector<int64_t>& axes, bool keepDims) {
  if (op.typeOf(0) == DataType::Int16) return setWideMean(op, axes, keepDims);
  auto made = std::make_unique<ops::QuantizedPool>();
  made->pool.global = true;
  made->x = quantisationOf(op, op.declaredInput(0));
  made->yScale = quantisationOf(op, op.declaredOutput(0)).scale;
  made->y = resultOf(op, tfl::Activation::None);
  if (axes == std::vector<int64_t>{1, 2} && op.rank(0) == 4) {
    const Value y = op.emit(std::move(made), {op.image(0)});
    if (keepDims) return op.set(0, y, Axes::ChannelsFirst);
    return op.set(0, op.compose().reshape(y, {0, 0}));
  }
  const Value y = op.emit(std::move(made), {foldedRows(op, axes)});
  op.set(0, op.compose().reshape(y, keptShape(op, axes, keepDims)));
}

/// Of int8 LiteRT's reference reads bytes without a sign; what its plain kernels compute, in float32, is what SUM means.
void setSum(TfliteOperator& op, const std::vector<int64_t>& axes, bool keepDims) {
  const auto x = quantisationOf(op, op.declaredInput(0)),
             y = quantisationOf(op, op.declaredOutput(0));
  const Value rows = foldedRows(op, axes);
  const int64_t count = op.context().typeOf(rows).shape[2];
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const Value sum = c.reduce(ops::ReduceFn::Sum, whole.of(rows), 2);
  Value result;
  if (op.typeOf(0) == DataType::Uint8) {
    const FixedFactor factor(double{x.scale} / double{y.scale});
    result = whole.stored(whole.times(whole.plus(sum, whole.number(-count * x.zero)), factor),
                          resultOf(op, tfl::Activation::None));
  } else {
    const float scale = x.scale / y.scale;
    const float bias = -static_cast<float>(x.zero) * scale * static_cast<float>(count);
    const Value scaled =
        c(BinaryFn::Add, c(BinaryFn::Mul, c.cast(sum, DataType::Float32), c.number(scale)),
          c.number(bias));
    auto made = std::make_unique<ops::QuantizeLinear>();
    made->type = static_cast<int64_t>(op.typeOf(0));
    made->awayFromZero = true;
    result =
        op.emit(std::move(made), {scaled, c.number(1), c.cast(c.integer(y.zero), op.typeOf(0))});
  }
  op.set(0, c.reshape(result, keptShape(op, axes, keepDims)));
}

}  // namespace

void importQuantisedReduce(TfliteOperator& op) {
  const bool keepDims = op.options<tfl::ReducerOptions>().keep_dims();
  if (op.type() == "MEAN") return setMean(op, reducedAxes(op), keepDims);
  if (op.type() == "SUM") return setSum(op, reducedAxes(op), keepDims);
  if (op.type() == "REDUCE_PROD") op.unsupported("a product of quantised tensors");
  if (!isAlike(op, op.declaredInput(0), op.declaredOutput(0)))
    op.broken("input and output have different scales or zero points");
  importReduce(op);
}

// Softmax ------------------------------------------------------------------------------------------

namespace {

int32_t highProduct(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  return static_cast<int32_t>((int64_t{a} * b + (int64_t{1} << 30)) >> 31);
}
int32_t saturatedLeft(int32_t v, int bits) {
  return static_cast<int32_t>(std::clamp<int64_t>(int64_t{v} << bits, INT32_MIN, INT32_MAX));
}
int32_t dividedByPower(int32_t v, int bits) {
  const int64_t half = int64_t{1} << bits >> 1;
  return static_cast<int32_t>((v + half - (v < 0 && half > 0)) >> bits);
}

/// e^a of a in (-1/4, 0] with 31 bits behind the point: Taylor's series about -1/8.
int32_t expNearZero(int32_t a) {
  const int32_t x = a + (1 << 28);
  const int32_t x2 = highProduct(x, x), x3 = highProduct(x2, x), x4 = highProduct(x2, x2);
  const int32_t tail = dividedByPower(highProduct(dividedByPower(x4, 2) + x3, 715827883) + x2, 1);
  return 1895147668 + highProduct(1895147668, x + tail);
}

/// e^a of a <= 0 with 26 bits behind the point, as 31 bits.
int32_t expOfFixed(int32_t a) {
  constexpr int kPoint = 26;
  constexpr int32_t kQuarter = 1 << (kPoint - 2);
  const int32_t mod = (a & (kQuarter - 1)) - kQuarter;
  int32_t result = expNearZero(saturatedLeft(mod, 5));
  const int32_t rest = mod - a;
  constexpr int32_t kPowers[] = {1672461947, 1302514674, 790015084, 290630308,
                                 39332535,   720401,     242};
  for (int i = 0; i < 7; ++i)
    if (rest >> (kPoint - 2 + i) & 1) result = highProduct(result, kPowers[i]);
  return a == 0 ? INT32_MAX : result;
}

/// e^(beta * sx * -i) for i = 0 … 255; what is too small counts as nothing.
std::vector<int32_t> softmaxTable(float beta, float scale) {
  const double steps = std::min(double{beta} * double{scale} * (1 << 26), 2147483647.0);
  const FixedFactor factor(steps);
  const auto most =
      static_cast<int64_t>(std::floor(31.0 * (1 << 26) / std::ldexp(1.0, factor.exponent)));
  std::vector<int32_t> table;
  for (int64_t i = 0; i < 256; ++i) {
    const auto moved = static_cast<int32_t>(static_cast<uint32_t>(-i) << factor.left());
    table.push_back(i > most ? 0 : expOfFixed(highProduct(moved, factor.multiplier)));
  }
  return table;
}

}  // namespace

/// Exponents come from a table, for they follow from a byte. Of int8 LiteRT refuses what has other results than that;
/// those of uint8 are the same bytes whatever is declared, as there.
void importQuantisedSoftmax(TfliteOperator& op) {
  if (op.type() != "SOFTMAX" || elementSize(op.typeOf(0)) != 1)
    op.unsupported("this function of quantised tensors");
  const auto x = quantisationOf(op, op.declaredInput(0));
  const DataType to = dataTypeOf(op.declaredOutput(0));
  if (to != op.typeOf(0)) op.unsupported(text("results of ", to, " for ", op.typeOf(0)));
  const auto y = quantisationOf(op, op.declaredOutput(0));
  if (to == DataType::Int8 && (y.zero != -128 || std::abs(y.scale * 256 - 1) > 0.001F))
    op.unsupported("a result of another scale than 1/256 or zero point than -128");
  const auto table = softmaxTable(op.options<tfl::SoftmaxOptions>().beta(), x.scale);
  const Axes axes = op.axesOf({0});
  auto made = std::make_unique<ops::Softmax>();
  made->axis = TfliteOperator::place(op.axisOf(-1, op.rank(0)), axes);
  const Value powers =
      op.context().constantOf({DataType::Int32, Shape{256}}, std::as_bytes(std::span(table)));
  const Composer c = op.compose();
  const Value zero = c.cast(c.integer(rangeOf(to).least), to);
  op.set(0, op.emit(std::move(made), {op.in(0, axes), powers, zero}), axes);
}

// Resizing -----------------------------------------------------------------------------------------

void importQuantisedResizeBilinear(TfliteOperator& op) {
  if (elementSize(op.typeOf(0)) != 1) op.unsupported(text("quantised ", op.typeOf(0), " here"));
  importResizeBilinear(op);
}

// Moving -------------------------------------------------------------------------------------------

/// Parts of uint8 that stand for other numbers are stored anew.
void importQuantisedConcatenation(TfliteOperator& op) {
  const auto& options = op.options<tfl::ConcatenationOptions>();
  if (options.activation() != tfl::Activation::None) op.unsupported("a fused activation");
  const int64_t axis = op.axisOf(options.axis(), op.rank(0));
  const Axes axes = op.axesOfAll();
  const auto y = quantisationOf(op, op.declaredOutput(0));
  const float inverse = 1 / y.scale;
  std::vector<Value> parts;
  for (int i = 0; i < op.inputs(); ++i) {
    parts.push_back(op.in(i, axes));
    if (isAlike(op, op.declaredInput(i), op.declaredOutput(0))) continue;
    if (op.typeOf(i) != DataType::Uint8)
      op.broken(text("part ", i, " has another scale or zero point than the result"));
    const auto x = quantisationOf(op, op.declaredInput(i));
    const float scale = x.scale * inverse, bias = -static_cast<float>(x.zero) * scale;
    parts.back() = byTable(op, parts.back(), [&](int64_t q) {
      return nearestWhole(static_cast<float>(q) * scale + bias) + y.zero;
    });
  }
  op.set(0, op.compose().concat(parts, TfliteOperator::place(axis, axes)), axes);
}

void importQuantisedPack(TfliteOperator& op) {
  for (int i = 0; i < op.inputs(); ++i)
    if (!isAlike(op, op.declaredInput(i), op.declaredOutput(0)))
      op.broken(text("part ", i, " has another scale or zero point than the result"));
  importPack(op);
}

}  // namespace minnow::converter
