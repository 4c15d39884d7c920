// Pools, means, softmax, resizing, and what only moves bytes but has to mind what they stand for.
#include <cmath>
#include <numeric>

#include "base/fail.h"
#include "converter/tflite/images.h"
#include "converter/tflite/quantised.h"
#include "ops/quantize.h"
#include "ops/reduce.h"

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

void setMean(TfliteOperator& op, const std::vector<int64_t>& axes, bool keepDims) {
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
  if (elementSize(op.typeOf(0)) != 1) op.unsupported(text("quantised ", op.typeOf(0), " here"));
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
std::vector<int64_t> softmaxTable(float beta, float scale) {
  const double steps = std::min(double{beta} * double{scale} * (1 << 26), 2147483647.0);
  const FixedFactor factor(steps);
  const auto most =
      static_cast<int64_t>(std::floor(31.0 * (1 << 26) / std::ldexp(1.0, factor.exponent)));
  std::vector<int64_t> table;
  for (int64_t i = 0; i < 256; ++i) {
    const auto moved = static_cast<int32_t>(static_cast<uint32_t>(-i) << factor.left());
    table.push_back(i > most ? 0 : expOfFixed(highProduct(moved, factor.multiplier)));
  }
  return table;
}

/// 2^31 / (1 + x), x and the result with 31 bits behind the point: three of Newton's steps.
Value reciprocal(const WholeNumbers& whole, Value x) {
  const auto number = [&](int64_t v) { return whole.number(v); };
  const Value half =
      whole.right(whole.plus(x, number(int64_t{1} << 31)), number(1));  // (x + 1) / 2
  Value r = whole.plus(whole.highProduct(half, number(-1010580540)), number(1515870810));
  for (int step = 0; step < 3; ++step) {
    const Value rest = whole.minus(number(int64_t{1} << 29), whole.highProduct(half, r));
    r = whole.plus(r, whole.times(whole.highProduct(r, rest), number(4)));
  }
  return whole.clamped(whole.times(r, number(2)), INT32_MIN, INT32_MAX);
}

/// Which of the powers 2^20 … 2^30 the sum has, which is 2^19 at least, side by side along an axis.
Value exceeded(TfliteOperator& op, Value sum, int64_t axis) {
  const Composer c = op.compose();
  std::vector<int64_t> powers;
  for (int bits = 20; bits <= 30; ++bits) powers.push_back(int64_t{1} << bits);
  Shape shape;
  for (int i = 0; i < op.rank(0); ++i) shape.push_back(i == axis ? std::ssize(powers) : 1);
  const Value row = op.context().constantIntTensor(shape, powers);
  return c.cast(c(BinaryFn::GreaterOrEqual, sum, row), DataType::Int64);
}

}  // namespace

/// Exponents come from a table, for they follow from a byte; their sum and its reciprocal are computed.
void importQuantisedSoftmax(TfliteOperator& op) {
  if (op.type() != "SOFTMAX" || elementSize(op.typeOf(0)) != 1)
    op.unsupported("this function of quantised tensors");
  const auto x = quantisationOf(op, op.declaredInput(0));
  const DataType to = dataTypeOf(op.declaredOutput(0));
  const auto table = softmaxTable(op.options<tfl::SoftmaxOptions>().beta(), x.scale);
  std::vector<int64_t> terms;
  for (int64_t e : table) terms.push_back(dividedByPower(static_cast<int32_t>(e), 12));
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const Axes axes = op.axesOf({0});
  const int64_t axis = TfliteOperator::place(op.axisOf(-1, op.rank(0)), axes);
  const Value q = op.in(0, axes);
  const Value below = whole.minus(whole.of(c.reduce(ops::ReduceFn::Max, q, axis)), whole.of(q));
  const auto gathered = [&](const std::vector<int64_t>& from) {
    return c.gather(op.context().constantIntRow(from), below, 0);
  };
  const Value sum = c.reduce(ops::ReduceFn::Sum, gathered(terms), axis);
  const Value bits =
      whole.plus(c.reduce(ops::ReduceFn::Sum, exceeded(op, sum, axis), axis), whole.number(19));
  const Value part = whole.plus(whole.left(sum, whole.minus(whole.number(31), bits)),
                                whole.number(-(int64_t{1} << 31)));
  const Value high = whole.highProduct(reciprocal(whole, part), gathered(table));
  const Value shift = whole.plus(bits, whole.number(23 - 19));
  const Value half = whole.left(whole.number(1), whole.plus(shift, whole.number(-1)));
  const WholeRange range = rangeOf(to);
  const Value y = whole.plus(whole.right(whole.plus(high, half), shift), whole.number(range.least));
  op.set(0, c.cast(whole.clamped(y, range.least, range.most), to), axes);
}

// Resizing -----------------------------------------------------------------------------------------

namespace {

/// Between which two places of an axis each element of the result lies, and by how much it is each.
struct Between {
  std::vector<int64_t> lower, upper;
  std::vector<float> ofLower, ofUpper;

  void add(int64_t low, int64_t high, float low1, float high1) {
    lower.push_back(low), upper.push_back(high);
    ofLower.push_back(low1), ofUpper.push_back(high1);
  }
};

/// int8 in steps of 1/1024. Some ratios lead past the last pixel in LiteRT, where it reads beyond the image.
Between betweenInSteps(bool corners, bool halfPixel, int64_t in, int64_t out) {
  const bool toCorners = corners && out > 1;
  const int64_t from = toCorners ? in - 1 : in, to = toCorners ? out - 1 : out;
  const int64_t step = (1024 * from + to / 2) / to;
  Between found;
  for (int64_t i = 0; i < out; ++i) {
    const int64_t at = i * step + (halfPixel ? step / 2 - 512 : 0);
    const int64_t lower = std::clamp<int64_t>(at / 1024, 0, in - 1);
    const int64_t upper = std::clamp<int64_t>((at + 1023) / 1024, 0, in - 1);
    const auto part = static_cast<float>(at - 1024 * lower);
    found.add(lower, upper, 1024 - part, part);
  }
  return found;
}

/// uint8 in float32.
Between betweenInFloat(bool corners, bool halfPixel, int64_t in, int64_t out) {
  const bool toCorners = corners && out > 1;
  const float scale =
      static_cast<float>(toCorners ? in - 1 : in) / static_cast<float>(toCorners ? out - 1 : out);
  Between found;
  for (int64_t i = 0; i < out; ++i) {
    const auto place = static_cast<float>(i);
    const float at = halfPixel ? (place + 0.5F) * scale - 0.5F : place * scale;
    const auto lower = std::clamp<int64_t>(static_cast<int64_t>(std::floor(at)), 0, in - 1);
    const auto upper = std::clamp<int64_t>(static_cast<int64_t>(std::ceil(at)), 0, in - 1);
    const float part = at - static_cast<float>(lower);
    found.add(lower, upper, 1 - part, part);
  }
  return found;
}

/// Rows or columns of an image, each times its weight.
class Weighted {
 public:
  Weighted(TfliteOperator& op, DataType type) : op_(op), type_(type) {}

  Value operator()(Value x, int64_t axis, const std::vector<int64_t>& places,
                   const std::vector<float>& weights) const {
    const Composer c = op_.compose();
    const auto count = std::ssize(weights);
    const Shape shape = axis == 2 ? Shape{count, 1} : Shape{count};
    const Value row = c.cast(op_.context().constantFloatTensor(shape, weights), type_);
    return c(BinaryFn::Mul, c.gather(x, op_.context().constantIntRow(places), axis), row);
  }

 private:
  TfliteOperator& op_;
  DataType type_;
};

}  // namespace

/// The rows of both neighbours first, then their columns.
void importQuantisedResizeBilinear(TfliteOperator& op) {
  const auto& options = op.options<tfl::ResizeBilinearOptions>();
  const DataType type = op.typeOf(0);
  if (elementSize(type) != 1) op.unsupported(text("quantised ", type, " here"));
  if (options.align_corners() && options.half_pixel_centers())
    op.unsupported("align_corners with half_pixel_centers");
  const std::vector<int64_t> size = op.ints(1);
  if (size.size() != 2) op.broken("the size is not two numbers");
  for (int64_t extent : size)
    if (extent < 1 || extent > 1 << 20) op.unsupported(text("a size of ", extent));
  const Value image = op.image(0);
  op.assumeShape(0);
  const Shape in = op.shape(0);
  if (in.elements() == 0) op.unsupported("an empty image");
  const bool isSigned = type == DataType::Int8;
  const auto between = isSigned ? betweenInSteps : betweenInFloat;
  const bool corners = options.align_corners(), half = options.half_pixel_centers();
  const Between rows = between(corners, half, in[1], size[0]),
                columns = between(corners, half, in[2], size[1]);
  const DataType sums = isSigned ? DataType::Int32 : DataType::Float32;
  const Composer c = op.compose();
  const Weighted weighted(op, sums);
  const Value x = c.cast(image, sums);
  const Value upper = weighted(x, 2, rows.lower, rows.ofLower),
              lower = weighted(x, 2, rows.upper, rows.ofUpper);
  const auto left = [&](Value row) { return weighted(row, 3, columns.lower, columns.ofLower); };
  const auto right = [&](Value row) { return weighted(row, 3, columns.upper, columns.ofUpper); };
  const auto plus = [&](Value a, Value b) { return c(BinaryFn::Add, a, b); };
  const Value sum = plus(plus(plus(left(upper), left(lower)), right(upper)), right(lower));
  if (!isSigned) return op.set(0, c.cast(plus(sum, c.number(0.5F)), type), Axes::ChannelsFirst);
  const auto shifted = [&](Value v, int64_t bits) {
    return c(BinaryFn::ShiftRight, v, c.cast(c.integer(bits), sums));
  };
  const Value half19 = c.cast(c.integer(1 << 19), sums);
  const Value rounded = shifted(plus(plus(sum, half19), shifted(sum, 31)), 20);
  op.set(0, c.cast(rounded, type), Axes::ChannelsFirst);
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
      const float moved = std::round(static_cast<float>(q) * scale + bias);
      return static_cast<int64_t>(std::clamp(moved, -1e6F, 1e6F)) + y.zero;
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
