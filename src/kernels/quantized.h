// The arithmetic of quantised operators that kernels share: what is computed once a call, in the
// order that the rule says (ops/quantized.h).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/kernel.h"
#include "ops/quantized.h"

namespace minnow::kernels {

/// x's zero point: input 4 of a product, where there is one.
inline int64_t zeroOfInput(const KernelArgs& args, int64_t attribute) {
  if (!args.has(4)) return attribute;
  const TensorView& zero = args.inputs[4];
  return zero.type == DataType::Int8 ? int64_t{*zero.as<const int8_t>()}
                                     : int64_t{*zero.as<const uint8_t>()};
}

/// From sums to integers of 8 bits: the range is that of what is rounded, before the zero point.
struct Requantiser {
  ops::QuantisationRule rule;
  float low, high;
  int32_t zero, least, most;

  explicit Requantiser(const ops::QuantisedResult& y)
      : rule(y.rule),
        low(static_cast<float>(y.least - y.zero)),
        high(static_cast<float>(y.most - y.zero)),
        zero(static_cast<int32_t>(y.zero)),
        least(static_cast<int32_t>(y.least)),
        most(static_cast<int32_t>(y.most)) {}
};

/// A factor as TensorFlow Lite's reference multiplies by it: multiplier * 2^(exponent - 31), whose
/// product is rounded to an integer of 32 bits twice, half upwards and then half away from zero.
struct FixedFactor {
  int32_t multiplier = 0, exponent = 0;

  explicit FixedFactor(double r) {
    if (!(r > 0 && r < 0x1p31)) return;  // importers refuse scales that make others
    const double part = std::frexp(r, &exponent);
    auto bits = static_cast<int64_t>(std::round(part * 0x1p31));
    if (bits == int64_t{1} << 31) bits /= 2, ++exponent;
    if (exponent < -31 || exponent > 31) bits = exponent = 0;
    multiplier = static_cast<int32_t>(bits);
  }
  FixedFactor(int32_t bits, int32_t power) : multiplier(bits), exponent(power) {}
  int32_t left() const { return std::max(exponent, 0); }
  int32_t right() const { return std::max(-exponent, 0); }

  int32_t times(int32_t x) const {
    const auto moved = static_cast<int32_t>(static_cast<uint32_t>(x) << left());
    const int64_t product = (int64_t{moved} * multiplier + (int64_t{1} << 30)) >> 31;
    const int64_t half = int64_t{1} << right() >> 1;
    return static_cast<int32_t>((product + half - (product < 0 && half > 0)) >> right());
  }
  /// Of a mean of n: the multiplier is divided, with as many bits more as n and the exponent allow.
  void divideBy(int64_t n) {
    int bits = std::min(32, 31 + exponent);
    for (int log = 0; log < bits; ++log)
      if (n >> log >> 1 == 0) bits = log;
    multiplier = static_cast<int32_t>((int64_t{multiplier} << bits) / std::max<int64_t>(n, 1));
    exponent -= bits;
  }
};

/// By TensorFlow Lite's rules; clamped before the zero point, for a result may have all 32 bits.
inline int32_t fixedToByte(const Requantiser& to, int32_t value) {
  return std::clamp(value, to.least - to.zero, to.most - to.zero) + to.zero;
}
/// Half away from zero.
inline int32_t realToByte(const Requantiser& to, double value) {
  const double least = to.least - to.zero, most = to.most - to.zero;
  return static_cast<int32_t>(std::clamp(std::round(value), least, most)) + to.zero;
}
inline int32_t tfliteByte(const Requantiser& to, int32_t sum, double factor) {
  return to.rule == ops::QuantisationRule::TfliteReal
             ? realToByte(to, static_cast<double>(sum) * factor)
             : fixedToByte(to, FixedFactor(factor).times(sum));
}

/// TensorFlow Lite's sums, differences and products of two bytes less their zero points.
struct FixedPair {
  ops::QuantizedFn fn;
  FixedFactor ofA, ofB, toY;
  static constexpr int kShift = 20;

  explicit FixedPair(const ops::QuantizedBinary& op) : fn(op.fn), ofA(0), ofB(0), toY(0) {
    if (fn == ops::QuantizedFn::Mul) {
      toY = FixedFactor(static_cast<double>(op.a.scale * op.b.scale / op.yScale));
      return;
    }
    const double most = 2 * static_cast<double>(std::max(op.a.scale, op.b.scale));
    ofA = FixedFactor(static_cast<double>(op.a.scale) / most);
    ofB = FixedFactor(static_cast<double>(op.b.scale) / most);
    toY = FixedFactor(most / ((1 << kShift) * static_cast<double>(op.yScale)));
  }
  int32_t operator()(int32_t a, int32_t b) const {
    if (fn == ops::QuantizedFn::Mul) return toY.times(a * b);
    const int32_t left = ofA.times(a << kShift), right = ofB.times(b << kShift);
    return toY.times(fn == ops::QuantizedFn::Sub ? left - right : left + right);
  }
};

/// What TensorFlow Lite multiplies the sum of n elements by to have their mean.
inline FixedFactor meanFactor(const ops::QuantizedPool& op, int64_t n) {
  FixedFactor factor(static_cast<double>(op.x.scale) / static_cast<double>(op.yScale));
  factor.divideBy(n);
  return factor;
}
/// Half away from zero; 0 of none.
inline int32_t averageByte(const ops::QuantisedResult& y, int64_t sum, int64_t n) {
  const int64_t half = sum < 0 ? -(n / 2) : n / 2;
  return static_cast<int32_t>(std::clamp(n > 0 ? (sum + half) / n : 0, y.least, y.most));
}

/// y = fma(a, ra, fma(b, rb, k)): ONNX Runtime's sum.
struct QuantisedAdd {
  float ra, rb, k;

  explicit QuantisedAdd(const ops::QuantizedBinary& op)
      : ra(op.a.scale / op.yScale), rb(op.b.scale / op.yScale) {
    const float ofB = rb * static_cast<float>(op.b.zero);
    k = static_cast<float>(op.y.zero) - std::fma(ra, static_cast<float>(op.a.zero), ofB);
  }
};

/// y = product * r + yZero, with two roundings: ONNX Runtime's product.
struct QuantisedMul {
  float r;

  explicit QuantisedMul(const ops::QuantizedBinary& op) : r(op.a.scale * op.b.scale / op.yScale) {}
};

}  // namespace minnow::kernels
