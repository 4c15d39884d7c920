// Functions of one and of two bytes.
#include <cmath>

#include "base/fail.h"
#include "converter/tflite/quantised.h"
#include "kernels/double_math.h"
#include "ops/quantize.h"

namespace minnow::converter {
namespace {

using kernels::FixedFactor;
using ops::BinaryFn;
using Value = ir::ValueId;

/// x and output 0 as they are stored.
struct Ends {
  ops::Quantisation x, y;

  explicit Ends(TfliteOperator& op)
      : x(quantisationOf(op, op.declaredInput(0))), y(quantisationOf(op, op.declaredOutput(0))) {}
};

/// Of bytes or of 16 bits.
void setTable(TfliteOperator& op, const std::function<int64_t(int64_t)>& fn) {
  const bool isWide =
      op.typeOf(0) == DataType::Int16 && dataTypeOf(op.declaredOutput(0)) == DataType::Int16;
  if (!isWide) expectBytes(op);
  const Axes axes = op.axesOf({0});
  const Value x = op.in(0, axes);
  op.set(0, isWide ? byWideTable(op, x, fn) : byTable(op, x, fn), axes);
}

int64_t rescaled(const FixedFactor& factor, int64_t v) {
  return factor.times(static_cast<int32_t>(v));
}

// Functions of real numbers, in float32 ------------------------------------------------------------

float logistic(float x) { return 1 / (1 + expInFloat(-x)); }
float elu(float x) {
  return x < 0 ? static_cast<float>(kernels::in_double::exp(double{x}) - 1) : x;
}
float tanhOf(float x) { return static_cast<float>(kernels::in_double::tanh(double{x})); }
float logOf(float x) { return static_cast<float>(kernels::in_double::log(double{x})); }
float gelu(float x) {
  const float z = -x * 0.70710678118654752440F;
  return 0.5F * x * static_cast<float>(1 - kernels::in_double::erf(double{z}));
}
float geluByTanh(float x) {
  const float inner = 0.79788456080286535588F * (x + 0.044715F * (x * x * x));
  return 0.5F * x * (1 + tanhOf(inner));
}

void setRealTable(TfliteOperator& op, const std::function<float(float)>& fn) {
  const Axes axes = op.axesOf({0});
  if (op.typeOf(0) == DataType::Int16 && dataTypeOf(op.declaredOutput(0)) == DataType::Int16) {
    const Ends ends(op);
    return op.set(0, byWideTable(op, op.in(0, axes), InterpolatedTable(ends.x, ends.y, fn)), axes);
  }
  expectBytes(op);
  op.set(0, byRealTable(op, op.in(0, axes), fn), axes);
}

/// Of nothing and less the least number that there is.
void setLog(TfliteOperator& op) {
  const Ends ends(op);
  const auto lowest =
      static_cast<float>(rangeOf(dataTypeOf(op.declaredOutput(0))).least - ends.y.zero);
  setRealTable(op, [&](float x) { return x > 0 ? logOf(x) : lowest * ends.y.scale; });
}

/// Of nothing the greatest; LiteRT ends a run that asks for less.
void setWideRsqrt(TfliteOperator& op) {
  const float greatest = 32767 * Ends(op).y.scale;
  setRealTable(op, [&](float x) { return x > 0 ? 1 / std::sqrt(x) : greatest; });
}

/// LiteRT's own: towards zero. It ends a run that asks for the root of less than nothing: here it is as of 0.
void setSqrt(TfliteOperator& op) {
  const Ends ends(op);
  setTable(op, [&](int64_t q) {
    const float x = ends.x.scale * static_cast<float>(std::max<int64_t>(q - ends.x.zero, 0));
    return static_cast<int64_t>(std::min(std::sqrt(x) / ends.y.scale, 1e6F)) + ends.y.zero;
  });
}

/// LiteRT's own: minus what is stored, whatever the zero points; the least number stays.
void setNeg(TfliteOperator& op) {
  if (op.typeOf(0) == DataType::Uint8) op.unsupported("quantised uint8 here");
  const int64_t least = rangeOf(op.typeOf(0)).least;
  setTable(op, [&](int64_t q) { return q == least ? q : -q; });
}

// HARD_SWISH in 16 bits -----------------------------------------------------------------------------

int32_t saturated16(int64_t v) {
  return static_cast<int32_t>(std::clamp<int64_t>(v, -32768, 32767));
}
/// (a * b + 2^14) >> 15.
int32_t highProduct16(int32_t a, int32_t b) { return saturated16((int64_t{a} * b + 16384) >> 15); }
int32_t cutTo16(const FixedFactor& factor) {
  return factor.multiplier >= 0x7FFF0000 ? 0x7FFF : (factor.multiplier + (1 << 15)) >> 16;
}
int64_t dividedByPower(int64_t v, int bits) {
  const int64_t half = int64_t{1} << bits >> 1;
  return (v + half - (v < 0 && half > 0)) >> bits;
}

/// x * relu6(x + 3) / 6.
class HardSwish {
 public:
  explicit HardSwish(TfliteOperator& op) : ends_(op), out_(0), gate_(0) {
    const float fine = ends_.x.scale / 128.0F;
    out_ = FixedFactor(double{fine / ends_.y.scale});
    gate_ = FixedFactor(double{fine / (3.0F / 32768.0F)});
    if (out_.exponent > 0) op.unsupported("an output scale so small");
  }
  int64_t operator()(int64_t q) const {
    const auto x = static_cast<int32_t>((q - ends_.x.zero) * 128);
    const int32_t p = highProduct16(x, cutTo16(out_));
    int64_t g = x;
    if (gate_.exponent > 0) g = saturated16(g << std::min(gate_.exponent - 1, 31));
    g = highProduct16(static_cast<int32_t>(g), cutTo16(gate_));
    if (gate_.exponent > 0) g = saturated16(g << 1);
    if (gate_.exponent < 0) g = dividedByPower(g, -gate_.exponent);
    g = (g + 32768) >> 1;
    return dividedByPower(g * p / 32768, out_.right()) + ends_.y.zero;
  }

 private:
  Ends ends_;
  FixedFactor out_, gate_;
};

}  // namespace

void importQuantisedUnary(TfliteOperator& op) {
  const bool isSigmoid = op.type() == "LOGISTIC" || op.type() == "TANH";
  if (isSigmoid && op.typeOf(0) == DataType::Int16) return importWideSigmoid(op);
  if (op.type() == "LOGISTIC") return setRealTable(op, logistic);
  if (op.type() == "TANH") return setRealTable(op, tanhOf);
  if (op.type() == "EXP") return setRealTable(op, expInFloat);
  if (op.type() == "LOG") return setLog(op);
  if (op.type() == "NEG") return setNeg(op);
  if (op.type() == "SQRT") return setSqrt(op);
  if (op.type() == "HARD_SWISH") {
    expectBytes(op);
    return setTable(op, HardSwish(op));
  }
  const Ends ends(op);
  if (op.type() == "ABS") {
    const FixedFactor factor(double{ends.x.scale / ends.y.scale});
    const bool isSame = ends.x.scale == ends.y.scale;
    return setTable(op, [&](int64_t q) {
      const int64_t v = std::abs(q - ends.x.zero);
      return (isSame ? v : rescaled(factor, v)) + ends.y.zero;
    });
  }
  if (op.type() != "RSQRT") op.unsupported("this function of quantised tensors");
  if (op.typeOf(0) == DataType::Int16) return setWideRsqrt(op);
  expectBytes(op);
  const FixedFactor factor(1 / double{std::sqrt(ends.x.scale) * ends.y.scale});
  setTable(op, [&](int64_t q) { return quantisedRsqrt(q - ends.x.zero, factor, ends.y.zero); });
}

void importQuantisedGelu(TfliteOperator& op) {
  setRealTable(op, op.options<tfl::GeluOptions>().approximate() ? geluByTanh : gelu);
}

void importQuantisedRelu(TfliteOperator& op) {
  if (op.type() == "ELU") {
    expectBytes(op);
    return setRealTable(op, elu);
  }
  const Ends ends(op);
  const FixedFactor same(double{ends.x.scale / ends.y.scale});
  if (op.type() == "LEAKY_RELU") {
    const float slope = op.options<tfl::LeakyReluOptions>().alpha();
    const FixedFactor below(double{std::abs(ends.x.scale * slope / ends.y.scale)});
    return setTable(op, [&](int64_t q) {
      if (q >= ends.x.zero) return rescaled(same, q - ends.x.zero) + ends.y.zero;
      const int64_t v = rescaled(below, q - ends.x.zero);
      return (slope < 0 ? -v : v) + ends.y.zero;
    });
  }
  tfl::Activation activation = tfl::Activation::Relu;
  if (op.type() == "RELU6") activation = tfl::Activation::Relu6;
  if (op.type() == "RELU_N1_TO_1") activation = tfl::Activation::ReluN1To1;
  if (op.type() == "RELU_0_TO_1") op.unsupported("this function of quantised tensors");
  const ops::QuantisedResult y = resultOf(op, activation);
  setTable(op, [&](int64_t q) {
    return std::clamp(rescaled(same, q - ends.x.zero) + y.zero, y.least, y.most);
  });
}

/// From real numbers, or between two scales.
void importQuantize(TfliteOperator& op) {
  const Axes axes = op.axesOf({0});
  const ops::Quantisation y = quantisationOf(op, op.declaredOutput(0));
  const DataType from = op.typeOf(0), to = dataTypeOf(op.declaredOutput(0));
  const Composer c = op.compose();
  if (from == DataType::Float32) {
    auto made = std::make_unique<ops::QuantizeLinear>();
    made->type = static_cast<int64_t>(to);
    made->awayFromZero = true;
    return op.set(0,
                  op.emit(std::move(made),
                          {op.in(0, axes), c.number(y.scale), c.cast(c.integer(y.zero), to)}),
                  axes);
  }
  const ops::Quantisation x = quantisationOf(op, op.declaredInput(0));
  const FixedFactor factor(double{x.scale} / double{y.scale});
  if (elementSize(from) == 1 && elementSize(to) == 1)
    return setTable(op, [&](int64_t q) {
      return int64_t{factor.times(static_cast<int32_t>(q - x.zero))} + y.zero;
    });
  const WholeNumbers whole(op);
  const WholeRange range = rangeOf(to);
  Value v = whole.times(whole.plus(whole.of(op.in(0, axes)), whole.number(-x.zero)), factor);
  v = whole.clamped(whole.plus(v, whole.number(y.zero)), range.least, range.most);
  op.set(0, c.cast(v, to), axes);
}

// Two bytes ----------------------------------------------------------------------------------------

namespace {

bool isPowerOfTwoRule(TfliteOperator& op) {
  return op.type() == "ADD" ? op.options<tfl::AddOptions>().pot_scale_int16()
                            : op.options<tfl::SubOptions>().pot_scale_int16();
}

Value squaredDifference(TfliteOperator& op, Axes axes) {
  const double a = quantisationOf(op, op.declaredInput(0)).scale,
               b = quantisationOf(op, op.declaredInput(1)).scale, most = 2 * std::max(a, b);
  const auto y = quantisationOf(op, op.declaredOutput(0));
  const FixedFactor ofA(a / most), ofB(b / most), toY(most * most / (16384 * double{y.scale}));
  const int64_t aZero = quantisationOf(op, op.declaredInput(0)).zero,
                bZero = quantisationOf(op, op.declaredInput(1)).zero;
  return byPairTable(op, axes, [&](int64_t p, int64_t q) {
    const int32_t left = ofA.times(static_cast<int32_t>((p - aZero) * 128)),
                  right = ofB.times(static_cast<int32_t>((q - bZero) * 128));
    return int64_t{toY.times((left - right) * (left - right))} + y.zero;
  });
}

/// Of int16: the steps of FixedPair, a sum's with 15 bits behind the point.
template <class Options>
void setWidePair(TfliteOperator& op, ops::QuantizedFn fn) {
  const Axes axes = op.axesOf({0, 1});
  const auto &a = quantisationOf(op, op.declaredInput(0)),
             &b = quantisationOf(op, op.declaredInput(1)),
             &y = quantisationOf(op, op.declaredOutput(0));
  const ops::QuantisedResult result = resultOf(op, op.options<Options>().activation());
  const WholeNumbers whole(op);
  const auto from = [&](int i, int64_t zero) {
    return whole.plus(whole.of(op.in(i, axes)), whole.number(-zero));
  };
  const Value left = from(0, a.zero), right = from(1, b.zero);
  if (fn == ops::QuantizedFn::Mul) {
    const FixedFactor factor(double{a.scale * b.scale / y.scale});
    return op.set(0, whole.stored(whole.times(whole.times(left, right), factor), result), axes);
  }
  const auto isPower = [](float scale) { return scale == std::exp2(std::round(std::log2(scale))); };
  if (isPower(a.scale) && isPower(b.scale) && isPower(y.scale) && isPowerOfTwoRule(op))
    op.unsupported("int16 with pot_scale_int16 and scales that are powers of two");
  const double most = 2 * double{std::max(a.scale, b.scale)};
  const auto moved = [&](Value v, float scale) {
    return whole.times(whole.times(v, whole.number(1 << 15)), FixedFactor(double{scale} / most));
  };
  const Value first = moved(left, a.scale), second = moved(right, b.scale);
  const Value sum =
      fn == ops::QuantizedFn::Sub ? whole.minus(first, second) : whole.plus(first, second);
  op.set(0, whole.stored(whole.times(sum, FixedFactor(most / (32768 * double{y.scale}))), result),
         axes);
}

void setBytePair(TfliteOperator& op, ops::QuantizedFn fn, Axes axes, tfl::Activation activation) {
  auto made = std::make_unique<ops::QuantizedBinary>();
  made->fn = fn;
  made->a = quantisationOf(op, op.declaredInput(0));
  made->b = quantisationOf(op, op.declaredInput(1));
  made->yScale = quantisationOf(op, op.declaredOutput(0)).scale;
  made->y = resultOf(op, activation);
  op.set(0, op.emit(std::move(made), {op.in(0, axes), op.in(1, axes)}), axes);
}

template <class Options>
void setPair(TfliteOperator& op, ops::QuantizedFn fn) {
  if (op.typeOf(0) == DataType::Int16 && op.typeOf(1) == DataType::Int16 &&
      dataTypeOf(op.declaredOutput(0)) == DataType::Int16)
    return setWidePair<Options>(op, fn);
  expectBytes(op);
  setBytePair(op, fn, op.axesOf({0, 1}), op.options<Options>().activation());
}

}  // namespace

void importQuantisedBinary(TfliteOperator& op) {
  if (op.type() == "ADD") return setPair<tfl::AddOptions>(op, ops::QuantizedFn::Add);
  if (op.type() == "SUB") return setPair<tfl::SubOptions>(op, ops::QuantizedFn::Sub);
  if (op.type() == "MUL") return setPair<tfl::MulOptions>(op, ops::QuantizedFn::Mul);
  const Axes axes = op.axesOf({0, 1});
  if (op.type() == "MAXIMUM" || op.type() == "MINIMUM")
    return op.set(0,
                  op.compose()(op.type() == "MAXIMUM" ? BinaryFn::Max : BinaryFn::Min,
                               op.in(0, axes), op.in(1, axes)),
                  axes);
  if (op.type() != "SQUARED_DIFFERENCE") op.unsupported("this function of quantised tensors");
  expectBytes(op);
  op.set(0, squaredDifference(op, axes), axes);
}

/// x from its zero point on, and x * slope below it.
void importQuantisedPRelu(TfliteOperator& op) {
  expectBytes(op);
  const Axes axes = op.rank(1) <= op.rank(0) ? op.axesOf({0}) : Axes::File;
  setBytePair(op, ops::QuantizedFn::PRelu, axes, tfl::Activation::None);
}

}  // namespace minnow::converter
