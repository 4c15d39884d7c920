// Functions of integers that few models have: quotients, comparisons, roots, and functions of 16 bits. Of one value they
// are tables, of two bytes too; a norm is put together of operators on whole numbers.
#include <algorithm>
#include <bit>
#include <cmath>

#include "base/fail.h"
#include "converter/tflite/images.h"
#include "converter/tflite/quantised.h"
#include "kernels/double_math.h"
#include "kernels/quantized.h"
#include "ops/quantize.h"

namespace minnow::converter {
namespace {

using kernels::FixedFactor;
using ops::BinaryFn;
using ops::ReduceFn;
using ops::UnaryFn;
using Value = ir::ValueId;

int32_t highProduct(int64_t a, int64_t b) {
  return static_cast<int32_t>(kernels::highProduct(a, b));
}
int32_t saturated(int64_t v) {
  return static_cast<int32_t>(std::clamp<int64_t>(v, INT32_MIN, INT32_MAX));
}
int64_t dividedByPower(int64_t v, int bits) {
  const int64_t half = int64_t{1} << bits >> 1;
  return (v + half - (v < 0 && half > 0)) >> bits;
}

// Quotients ----------------------------------------------------------------------------------------

/// The reference's last step where a quotient is far below one: processors shift by the number of bits modulo 32, and
/// the rest that it compares with a half is the whole number.
int64_t shiftedAsThere(int32_t v, int bits) {
  if (bits < 32) return dividedByPower(v, bits);
  return (v >> (bits % 32)) + (v >= 0 ? 1 : 0);
}

/// a / b of numbers less their zero points, b not 0.
int64_t quotient(int32_t a, int32_t b, const FixedFactor& factor) {
  if (b < 0) a = -a, b = -b;
  const int zeros = std::countl_zero(static_cast<uint32_t>(b));
  const auto inverse =
      static_cast<int32_t>(kernels::fixedReciprocal((int64_t{b} << zeros) - (int64_t{1} << 31)));
  const int headroom = std::countl_zero(static_cast<uint32_t>(a < 0 ? ~a : a)) - 1;
  const int32_t top = highProduct(int64_t{a} << headroom, inverse);
  const int shift = factor.exponent - (31 - zeros) - headroom;
  return shiftedAsThere(highProduct(top, factor.multiplier), -shift);
}

}  // namespace

/// LiteRT ends a run that divides by zero: here it gives the end of the range, and 0 / 0 is 0.
void importQuantisedDiv(TfliteOperator& op) {
  expectBytes(op);
  const auto a = quantisationOf(op, op.declaredInput(0)),
             b = quantisationOf(op, op.declaredInput(1));
  const auto y = quantisationOf(op, op.declaredOutput(0));
  const ops::QuantisedResult result = resultOf(op, op.options<tfl::DivOptions>().activation());
  const FixedFactor factor(double{a.scale / (b.scale * y.scale)});
  if (factor.exponent > 20) op.unsupported("scales that are so far apart");
  const Axes axes = op.axesOf({0, 1});
  const auto divided = [&](int64_t p, int64_t q) {
    const auto left = static_cast<int32_t>(p - a.zero), right = static_cast<int32_t>(q - b.zero);
    if (right == 0) return left == 0 ? y.zero : left < 0 ? result.least : result.most;
    return std::clamp(quotient(left, right, factor) + y.zero, result.least, result.most);
  };
  op.set(0, byPairTable(op, axes, divided), axes);
}

// Comparisons --------------------------------------------------------------------------------------

namespace {

/// What LiteRT compares of a byte, which float32 holds.
Value comparable(TfliteOperator& op, int i, Axes axes) {
  const ops::Quantisation by = quantisationOf(op, op.declaredInput(i));
  const FixedFactor factor(double{by.scale});
  std::array<float, 256> table;
  for (int byte = 0; byte < 256; ++byte) {
    const int64_t q = op.typeOf(i) == DataType::Int8 ? static_cast<int8_t>(byte) : byte;
    table[static_cast<size_t>(byte)] =
        static_cast<float>(factor.times(static_cast<int32_t>((q - by.zero) * 256)));
  }
  const Value results =
      op.context().constantOf({DataType::Float32, Shape{256}}, std::as_bytes(std::span(table)));
  return op.emit(std::make_unique<ops::LookUp>(), {op.in(i, axes), results});
}

BinaryFn comparisonOf(const std::string& type) {
  if (type == "EQUAL" || type == "NOT_EQUAL") return BinaryFn::Equal;
  if (type == "LESS") return BinaryFn::Less;
  if (type == "LESS_EQUAL") return BinaryFn::LessOrEqual;
  return type == "GREATER" ? BinaryFn::Greater : BinaryFn::GreaterOrEqual;
}

}  // namespace

void importQuantisedComparison(TfliteOperator& op) {
  for (int i : {0, 1})
    if (elementSize(op.typeOf(i)) != 1) op.unsupported(text("quantised ", op.typeOf(i), " here"));
  const Axes axes = op.axesOf({0, 1});
  const Composer c = op.compose();
  Value y = c(comparisonOf(op.type()), comparable(op, 0, axes), comparable(op, 1, axes));
  if (op.type() == "NOT_EQUAL") y = c(BinaryFn::Equal, y, c.cast(c.integer(0), DataType::Bool));
  op.set(0, y, axes);
}

// Roots --------------------------------------------------------------------------------------------

namespace {

/// 1 / sqrt(n) as a multiplier of 31 bits and a shift: five of Newton's steps from 1.
struct InverseRoot {
  int32_t multiplier = INT32_MAX;
  int shift = 0;

  explicit InverseRoot(int32_t n) {
    if (n <= 1) return;
    shift = 11;
    for (; n >= 1 << 29; n /= 4) ++shift;
    for (; n < 1 << 27; n *= 4) --shift;
    const int32_t half = static_cast<int32_t>(dividedByPower(n >> 1, 1));
    int32_t x = 1 << 28;
    for (int step = 0; step < 5; ++step) {
      const int32_t cube = saturated(int64_t{highProduct(highProduct(x, x), x)} << 6);
      x = saturated((int64_t{highProduct((1 << 28) + (1 << 27), x)} - highProduct(half, cube))
                    << 3);
    }
    multiplier = highProduct(x, 1518500250);
    if (shift < 0) multiplier <<= -shift, shift = 0;
  }
};

}  // namespace

/// LiteRT ends a run that asks for the root of less than nothing: here it is as of 0, the greatest result.
int64_t quantisedRsqrt(int64_t v, const FixedFactor& factor, int64_t zero) {
  constexpr int kMore = 20;
  if (v <= 0) return INT32_MAX;
  const InverseRoot root(static_cast<int32_t>(v));
  const int32_t inverse = FixedFactor(root.multiplier, kMore - root.shift).times(1);
  return int64_t{FixedFactor(factor.multiplier, factor.exponent - kMore).times(inverse)} + zero;
}

namespace {

/// The same of rows of sums.
class InverseRoots {
 public:
  InverseRoots(const WholeNumbers& whole, const Composer& c, Value n) : whole_(whole), c_(c) {
    const Value many = isAtLeast(n, int64_t{1} << 29);
    Value pairs = number(0);
    for (int i = 1; i < 14; ++i)
      pairs = plus(pairs, minus(number(1), isAtLeast(n, int64_t{1} << (29 - 2 * i))));
    const Value shift = minus(plus(number(11), many), pairs);
    const Value fewer = whole.right(n, times(many, number(2)));
    const Value half =
        whole.dividedByPower(whole.right(whole.left(fewer, times(pairs, number(2))), number(1)), 1);
    Value x = number(1 << 28);
    for (int step = 0; step < 5; ++step) {
      const Value cube = saturatedLeft(high(high(x, x), x), 6);
      x = saturatedLeft(minus(high(number((1 << 28) + (1 << 27)), x), high(half, cube)), 3);
    }
    const Value isPlain = isAtLeast(n, 2), less = c(BinaryFn::Min, shift, number(0));
    const Value found = whole.left(high(x, number(1518500250)), minus(number(0), less));
    multiplier = plus(times(found, isPlain), times(number(INT32_MAX), minus(number(1), isPlain)));
    shifted = times(minus(shift, less), isPlain);
  }

  Value multiplier, shifted;

 private:
  Value number(int64_t v) const { return whole_.number(v); }
  Value plus(Value a, Value b) const { return whole_.plus(a, b); }
  Value minus(Value a, Value b) const { return whole_.minus(a, b); }
  Value times(Value a, Value b) const { return whole_.times(a, b); }
  Value high(Value a, Value b) const { return whole_.highProduct(a, b); }
  Value saturatedLeft(Value v, int64_t bits) const {
    return whole_.clamped(whole_.left(v, number(bits)), INT32_MIN, INT32_MAX);
  }
  Value isAtLeast(Value n, int64_t least) const {
    return c_.cast(c_(BinaryFn::GreaterOrEqual, n, number(least)), DataType::Int64);
  }

  const WholeNumbers& whole_;
  const Composer& c_;
};

}  // namespace

/// Along the last axis; the scale of the result is 1/128.
void importQuantisedL2Normalization(TfliteOperator& op) {
  if (elementSize(op.typeOf(0)) != 1) op.unsupported(text("quantised ", op.typeOf(0), " here"));
  const ops::Quantisation x = quantisationOf(op, op.declaredInput(0));
  const bool isSigned = op.typeOf(0) == DataType::Int8;
  ops::QuantisedResult y = resultOf(op, op.options<tfl::L2NormOptions>().activation());
  if (y.zero != (isSigned ? 0 : 128) ||
      quantisationOf(op, op.declaredOutput(0)).scale != 1 / 128.0F)
    op.unsupported("a result of another scale than 1/128");
  const Axes axes = op.axesOf({0});
  const int64_t axis = TfliteOperator::place(op.axisOf(-1, op.rank(0)), axes);
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const auto number = [&](int64_t v) { return whole.number(v); };
  const Value v = whole.minus(whole.of(op.in(0, axes)), number(x.zero));
  const InverseRoots root(whole, c, c.reduce(ReduceFn::Sum, whole.times(v, v), axis));
  // 2^7 before the product; of int8 as far as the shift to the right allows, as there.
  const Value before =
      isSigned ? c(BinaryFn::Max, whole.minus(number(7), root.shifted), number(0)) : number(7);
  const Value after =
      isSigned ? c(BinaryFn::Max, whole.minus(root.shifted, number(7)), number(0)) : root.shifted;
  const Value high = whole.highProduct(whole.left(v, before), root.multiplier);
  const Value half = whole.right(whole.left(number(1), after), number(1));
  const Value less = whole.times(whole.right(high, number(63)), c(BinaryFn::Min, half, number(1)));
  op.set(0, whole.stored(whole.right(whole.plus(whole.plus(high, half), less), after), y), axes);
}

// Functions of 16 bits -----------------------------------------------------------------------------

namespace {

/// What is no number becomes 0 there, by the processor's conversion to 32 bits and a cut to 16.
template <class Real>
int16_t point16(Real v) {
  return std::isnan(v) ? int16_t{0} : static_cast<int16_t>(std::clamp<Real>(v, -32768, 32767));
}

/// Points moved by half of what a line between them misses in the middle.
template <class Real>
std::array<int16_t, 513> pointsOf(Real xScale, int64_t xZero, Real yScale, int64_t yZero,
                                  const std::function<Real(Real)>& fn) {
  const auto real = [](Real scale, int64_t steps) { return scale * static_cast<Real>(steps); };
  const Real first = real(xScale, -32768 - xZero), last = real(xScale, 32767 - xZero);
  const Real step = (last - first) / 512;
  const Real inverse = 65536 / (real(yScale, 32767 - yZero) - real(yScale, -32768 - yZero));
  std::array<int16_t, 513> points;
  for (size_t i = 0; i < 512; ++i) {
    const Real from = first + static_cast<Real>(i) * step,
               to = first + static_cast<Real>(i + 1) * step;
    const Real here = std::round(fn(from) * inverse);
    const Real line = std::round((fn(to) * inverse + here) / 2);
    const Real missed = line - std::round(fn(from + step / 2) * inverse);
    points[i] = point16(here - std::round(missed / 2));
  }
  points[512] = point16(std::round(fn(last) * inverse));
  return points;
}

}  // namespace

float expInFloat(float x) { return static_cast<float>(kernels::in_double::exp(double{x})); }

InterpolatedTable::InterpolatedTable(const ops::Quantisation& x, const ops::Quantisation& y,
                                     const std::function<float(float)>& fn)
    : points_(pointsOf(x.scale, x.zero, y.scale, y.zero, fn)) {}

InterpolatedTable::InterpolatedTable(DoubleScale x, double yScale,
                                     const std::function<double(double)>& fn)
    : points_(pointsOf(x.scale, x.zero, yScale, 0, fn)) {}

int64_t InterpolatedTable::operator()(int64_t q) const {
  const auto at = static_cast<size_t>(256 + (q >> 7));
  const auto slope = static_cast<int16_t>(points_[at + 1] - points_[at]);
  return static_cast<int16_t>(points_[at] + ((slope * (q & 127) + 64) >> 7));
}

namespace {

/// 65536 / (1 + e^(-i / 24)), between which 16 bits interpolate. LiteRT has it as a table, of which these elements are
/// one more than the nearest number.
uint32_t sigmoidAt(uint32_t i) {
  static constexpr uint8_t kOneMore[] = {
      4,  8,  12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31,  33,  34,  35,  37,  39,
      40, 41, 43, 44, 45, 46, 49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255};
  const double exact = 65536 / (1 + kernels::in_double::exp(-static_cast<double>(i) / 24));
  return static_cast<uint32_t>(std::round(exact)) +
         static_cast<uint32_t>(std::ranges::count(kOneMore, i));
}

/// x in steps of 1 / 12288, from its own or by a multiplier of 15 bits.
struct SigmoidSteps {
  int32_t multiplier, shift = 0;

  SigmoidSteps(float scale, int mostLeft) {
    const auto log = static_cast<int>(std::round(std::log2(scale)));
    const int left = 12 + log;
    multiplier = 3 << std::clamp(left, 0, 8);
    if (scale == std::exp2(static_cast<float>(log)) && left >= 0 && left <= mostLeft) return;
    double exact = double{scale} * 4096 * 3;
    for (; exact <= 32767 / 2.0 && shift <= 30; exact *= 2) ++shift;
    multiplier = static_cast<int32_t>(exact);
  }
  int32_t of(int64_t q) const {
    const int32_t half = shift > 0 ? 1 << (shift - 1) : 0;
    return static_cast<int32_t>(static_cast<uint32_t>(q) * static_cast<uint32_t>(multiplier) +
                                static_cast<uint32_t>(half)) >>
           shift;
  }
};

int64_t logistic16(int32_t x) {
  const auto magnitude = static_cast<uint32_t>(x < 0 ? -x : x), at = magnitude >> 9;
  uint32_t y = 0x7FFF << 10;
  if (at < 255) {
    const uint32_t low = sigmoidAt(at), high = sigmoidAt(at + 1);
    y = (low << 9) + (magnitude & 0x1FF) * (high - low);
  }
  y = x >= 0 ? y + (1 << 9) : (1U << 25) - y + (1 << 9) - 1;
  return y >> 10;
}

int64_t tanh16(int32_t x) {
  const auto magnitude = static_cast<uint32_t>(x < 0 ? -x : x), at = magnitude >> 8;
  int32_t y = 0xFFFF << 8;
  if (at < 255) {
    const uint32_t low = sigmoidAt(at), high = sigmoidAt(at + 1);
    y = static_cast<int32_t>((low << 8) + (magnitude & 0xFF) * (high - low));
  }
  y = x >= 0 ? y - (1 << 23) + (1 << 7) : -y + (1 << 23) + (1 << 7) - 1;
  return y >> 8;
}

}  // namespace

void importWideSigmoid(TfliteOperator& op) {
  const auto x = quantisationOf(op, op.declaredInput(0)),
             y = quantisationOf(op, op.declaredOutput(0));
  if (x.zero != 0 || y.zero != 0 || y.scale != 1 / 32768.0F)
    op.unsupported("16 bits with a zero point or a result of another scale than 1/32768");
  const bool isTanh = op.type() == "TANH";
  const SigmoidSteps steps(x.scale, isTanh ? 1 : 0);
  const Axes axes = op.axesOf({0});
  op.set(0,
         byWideTable(
             op, op.in(0, axes),
             [&](int64_t q) { return isTanh ? tanh16(steps.of(q)) : logistic16(steps.of(q)); }),
         axes);
}

/// What is stored, as numbers that hold it and the sums of windows. A sum times float32's 1/82 may fall short of a half;
/// float64's falls short by less than 2^-36, and quotients that are no halves are 2^-17 away from them at least. Sums of
/// larger windows leave LiteRT's 32 bits.
void importWidePool(TfliteOperator& op) {
  const ops::QuantisedResult y = resultOf(op, op.options<tfl::Pool2DOptions>().activation());
  std::unique_ptr<ops::Pool> pool = poolOf(op);
  if (pool->kernel[0] * pool->kernel[1] > 65535) op.unsupported("16 bits in windows so large");
  const bool isAverage = pool->fn == ops::PoolFn::Average;
  const DataType real = isAverage ? DataType::Float64 : DataType::Float32;
  const Composer c = op.compose();
  const auto number = [&](float value) { return c.cast(c.number(value), real); };
  Value v = op.emit(std::move(pool), {c.cast(op.image(0), real)});
  if (isAverage)
    v = c(BinaryFn::Mul, c(UnaryFn::Sign, v, 0),
          c(UnaryFn::Floor, c(BinaryFn::Add, c(UnaryFn::Abs, v, 0), number(0.5F + 0x1p-20F)), 0));
  const auto limit = [&](int64_t l) { return number(static_cast<float>(l)); };
  v = c(BinaryFn::Min, c(BinaryFn::Max, v, limit(y.least)), limit(y.most));
  op.set(0, c.cast(v, DataType::Int16), Axes::ChannelsFirst);
}

}  // namespace minnow::converter
