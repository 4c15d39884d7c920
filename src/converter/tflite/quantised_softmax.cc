// SOFTMAX and LOG_SOFTMAX of integers, in whole numbers as LiteRT's reference has them: of a byte exponents are a table.
#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "converter/tflite/quantised.h"
#include "kernels/double_math.h"
#include "kernels/quantized.h"
#include "ops/softmax.h"

namespace minnow::converter {
namespace {

using kernels::FixedFactor;
using ops::BinaryFn;
using ops::ReduceFn;
using Value = ir::ValueId;

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

/// Rows along the last axis of input 0, less their greatest: 0 and below.
struct Rows {
  Axes axes;
  int64_t axis;
  Value below;

  explicit Rows(TfliteOperator& op)
      : axes(op.axesOf({0})), axis(TfliteOperator::place(op.axisOf(-1, op.rank(0)), axes)) {
    const WholeNumbers whole(op);
    const Value x = whole.of(op.in(0, axes));
    below = whole.minus(x, op.compose().reduce(ReduceFn::Max, x, axis));
  }
};

/// The place of the highest bit of numbers that have one of `least` … 30.
Value highestBit(const Composer& c, const WholeNumbers& whole, Value v, int least) {
  Value bits = whole.number(least);
  for (int i = least + 1; i < 31; ++i)
    bits = whole.plus(bits, c.cast(c(BinaryFn::GreaterOrEqual, v, whole.number(int64_t{1} << i)),
                                   DataType::Int64));
  return bits;
}

// Of 16 bits ---------------------------------------------------------------------------------------

/// e^x of x in -10 … 0, and 1 / (1 + x) of x in 0 … 1, both as 15 bits of tables that are interpolated.
void importWideSoftmax(TfliteOperator& op) {
  const auto x = quantisationOf(op, op.declaredInput(0)),
             y = quantisationOf(op, op.declaredOutput(0));
  if (dataTypeOf(op.declaredOutput(0)) != DataType::Int16 || y.zero != 0 || y.scale != 1 / 32768.0F)
    op.unsupported("16 bits with a zero point or a result of another scale than 1/32768");
  constexpr double kResult = 2.0 / 65535;
  const InterpolatedTable power({10.0 / 65535, 32767}, kResult, &kernels::in_double::exp),
      inverse({1.0 / 65535, -32768}, kResult, [](double v) { return 1 / (1 + v); });
  const float beta = op.options<tfl::SoftmaxOptions>().beta();
  const FixedFactor factor(double{x.scale * beta} / (10.0 / 65535));  // a product in float32
  const Rows rows(op);
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const auto number = [&](int64_t v) { return whole.number(v); };
  const auto looked = [&](const InterpolatedTable& table, Value v) {
    return whole.of(wideLookUp(op, whole.clamped(v, -32768, 32767), table));
  };
  const Value powers = looked(power, whole.plus(whole.times(rows.below, factor), number(32767)));
  const Value sum = c.reduce(ReduceFn::Sum, powers, rows.axis);
  const Value bits = highestBit(c, whole, sum, 14);
  const Value top = whole.left(sum, whole.minus(number(30), bits));
  const Value one = whole.right(whole.plus(top, number(1 << 13)), number(14));
  const Value scale = looked(inverse, whole.minus(one, number((1 << 15) + (1 << 16))));
  const Value half = whole.left(number(1), whole.minus(bits, number(1)));
  const Value result = whole.right(whole.plus(whole.times(powers, scale), half), bits);
  op.set(0, c.cast(whole.clamped(result, 0, 32767), DataType::Int16), rows.axes);
}

// Logarithms ---------------------------------------------------------------------------------------

/// The natural logarithm of sums with 19 bits behind the point, 1 and more, as numbers with 26: gemmlowp's, a quotient of
/// polynomials about the fourth root of a half.
class Logarithm {
 public:
  Logarithm(const Composer& c, const WholeNumbers& whole) : c_(c), whole_(whole) {}

  Value of(Value sum) const {
    constexpr int64_t kHalfRoot = 1518500250, kRootOfRoot = 1805811301, kLogOf2 = 1488522236;
    const Value bits = highestBit(c_, whole_, sum, 19);
    const Value a = least(doubled(high(left(sum, minus(number(30), bits)), number(kHalfRoot))));
    const Value powerA = plus(left(minus(bits, number(19)), number(25)), number(1 << 23));
    const Value smaller = high(sum, number(kHalfRoot));
    const Value smallerBits = highestBit(c_, whole_, smaller, 18);
    const Value b = least(left(sum, minus(number(30), smallerBits)));
    const Value powerB = minus(left(minus(smallerBits, number(18)), number(25)), number(1 << 23));
    const Value r = c_(BinaryFn::Min, a, b), power = c_(BinaryFn::Max, powerA, powerB);
    const Value ratio = quotient(r, doubled(minus(r, number(kRootOfRoot))),
                                 right(plus(plus(r, number(kRootOfRoot)), number(1)), 1));
    return least(doubled(plus(high(power, number(kLogOf2)), ratio)));
  }

 private:
  Value number(int64_t v) const { return whole_.number(v); }
  Value plus(Value a, Value b) const { return whole_.plus(a, b); }
  Value minus(Value a, Value b) const { return whole_.minus(a, b); }
  Value left(Value a, Value bits) const { return whole_.left(a, bits); }
  Value right(Value a, int64_t bits) const { return whole_.right(a, number(bits)); }
  Value high(Value a, Value b) const { return whole_.highProduct(a, b); }
  Value doubled(Value a) const { return plus(a, a); }
  Value least(Value a) const { return c_(BinaryFn::Min, a, number(INT32_MAX)); }

  /// q is twice what r is more than the root, p half their sum.
  Value quotient(Value r, Value q, Value p) const {
    const Value square = high(q, q);
    const Value above = plus(high(q, r), high(high(q, square), number(117049297)));
    const Value inner = plus(plus(number(1057819769), q), high(number(127690142), square));
    const Value below = plus(high(p, inner), high(number(638450708), q));
    return high(whole_.dividedByPower(above, 6), reciprocal(below));
  }
  /// 1 / (1 + x), 31 bits behind both points: three of Newton's steps.
  Value reciprocal(Value x) const {
    const Value half = right(plus(x, number(int64_t{1} << 31)), 1);
    Value y = plus(number(1515870810), high(half, number(-1010580540)));
    for (int step = 0; step < 3; ++step) {
      const Value rest = minus(number(1 << 29), high(half, y));
      y = plus(y, left(high(y, rest), number(2)));
    }
    return least(doubled(y));
  }

  const Composer& c_;
  const WholeNumbers& whole_;
};

/// By how much a byte is below its row's greatest, in steps of 2^-26.
std::vector<int64_t> differences(const FixedFactor& factor) {
  std::vector<int64_t> table;
  for (int32_t i = 0; i < 256; ++i) table.push_back(factor.times(-i));
  return table;
}

}  // namespace

/// Exponents come from a table, for they follow from a byte. Of int8 LiteRT refuses what has other results than that;
/// those of uint8 are the same bytes whatever is declared, as there.
void importQuantisedSoftmax(TfliteOperator& op) {
  if (op.typeOf(0) == DataType::Int16) return importWideSoftmax(op);
  if (elementSize(op.typeOf(0)) != 1) op.unsupported("this function of quantised tensors");
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

/// Results are of scale 1/16 from -16 to 0, whatever the type.
void importQuantisedLogSoftmax(TfliteOperator& op) {
  if (elementSize(op.typeOf(0)) != 1 || dataTypeOf(op.declaredOutput(0)) != op.typeOf(0))
    op.unsupported(text("quantised ", op.typeOf(0), " here"));
  const auto x = quantisationOf(op, op.declaredInput(0)),
             y = quantisationOf(op, op.declaredOutput(0));
  const WholeRange range = rangeOf(op.typeOf(0));
  if (y.zero != range.most || y.scale != 1 / 16.0F)
    op.unsupported(text("a result of another scale than 1/16 or zero point than ", range.most));
  const FixedFactor factor(std::min(double{x.scale} * (1 << 26), 2147483647.0));
  if (factor.exponent < 1) op.unsupported("a scale so small");
  const FixedFactor back(std::ldexp(1.0, 31 - factor.exponent) / factor.multiplier);
  const auto most =
      static_cast<int64_t>(std::floor(31.0 * (1 << 26) / std::ldexp(1.0, factor.exponent)));
  std::vector<int64_t> powers;
  for (const int32_t power : softmaxTable(1, x.scale)) powers.push_back(dividedByPower(power, 12));
  const Rows rows(op);
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const auto number = [&](int64_t v) { return whole.number(v); };
  const auto looked = [&](const std::vector<int64_t>& table) {
    const Value results =
        op.context().constantOf({DataType::Int64, Shape{256}}, std::as_bytes(std::span(table)));
    return c.gather(results, whole.minus(number(0), rows.below), 0);
  };
  const Value log = Logarithm(c, whole).of(c.reduce(ReduceFn::Sum, looked(powers), rows.axis));
  const Value limit =
      c(BinaryFn::Max, number(-most - 1), whole.times(whole.plus(log, number(INT32_MIN)), back));
  const Value result = whole.plus(
      whole.dividedByPower(whole.minus(looked(differences(factor)), log), 22), number(range.most));
  const Value kept = c.choose(c(BinaryFn::Greater, rows.below, limit),
                              whole.clamped(result, range.least, range.most), number(range.least));
  op.set(0, c.cast(kept, op.typeOf(0)), rows.axes);
}

}  // namespace minnow::converter
