// The arithmetic of quantised operators that kernels share: what is computed once a call, in the
// order that the rule says (ops/quantized.h).
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

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
    if (!(r > 0 && r <= std::numeric_limits<double>::max())) return;
    const auto all = std::bit_cast<int64_t>(r);  // of numbers below 2^-1022 none is left
    exponent = static_cast<int32_t>(all >> 52) - 1022;
    int64_t bits = ((all & ((int64_t{1} << 52) - 1)) + (int64_t{1} << 52) + (1 << 21)) >> 22;
    if (bits == int64_t{1} << 31) bits /= 2, ++exponent;
    if (exponent < -31) bits = exponent = 0;
    if (exponent > 31) exponent %= 32;  // as processors shift: files have scales of 1e-35
    multiplier = static_cast<int32_t>(bits);
  }
  FixedFactor(int32_t bits, int32_t power) : multiplier(bits), exponent(power) {}
  int32_t left() const { return std::max(exponent, 0); }
  int32_t right() const { return std::max(-exponent, 0); }
  int32_t times(int32_t x) const;
  /// Of a mean of n: the multiplier is divided, with as many bits more as n and the exponent allow.
  void divideBy(int64_t n);
};

/// The high half of a doubled product of numbers of 32 bits, half upwards.
inline int64_t highProduct(int64_t a, int64_t b) { return (a * b + (int64_t{1} << 30)) >> 31; }
/// 2^31 / (1 + x), x and the result with 31 bits behind the point: three of Newton's steps.
int64_t fixedReciprocal(int64_t x);

/// By TensorFlow Lite's rules; clamped before the zero point, for a result may have all 32 bits.
inline int32_t fixedToByte(const Requantiser& to, int32_t value) {
  return std::clamp(value, to.least - to.zero, to.most - to.zero) + to.zero;
}
int32_t tfliteByte(const Requantiser& to, int32_t sum, double factor);

/// TensorFlow Lite's functions of two bytes less their zero points.
struct FixedPair {
  ops::QuantizedFn fn;
  FixedFactor ofA, ofB, toY;
  static constexpr int kShift = 20;

  explicit FixedPair(const ops::QuantizedBinary& op);
  int32_t operator()(int32_t a, int32_t b) const;
};

/// What TensorFlow Lite multiplies the sum of n elements by to have their mean.
FixedFactor meanFactor(const ops::QuantizedPool& op, int64_t n);
/// Half away from zero; 0 of none.
int32_t averageByte(const ops::QuantisedResult& y, int64_t sum, int64_t n);

/// y = fma(a, ra, fma(b, rb, k)): ONNX Runtime's sum.
struct QuantisedAdd {
  float ra, rb, k;

  explicit QuantisedAdd(const ops::QuantizedBinary& op)
      : ra(op.a.scale / op.yScale), rb(op.b.scale / op.yScale) {
    const float ofB = rb * static_cast<float>(op.b.zero);
    k = static_cast<float>(op.y.zero) - std::fma(ra, static_cast<float>(op.a.zero), ofB);
  }
};

/// What ONNX Runtime computes in float32: the function of real numbers, before they are rounded.
struct RealPair {
  bool isSub;
  float aScale, bScale, yScale;

  explicit RealPair(const ops::QuantizedBinary& op)
      : isSub(op.fn == ops::QuantizedFn::Sub),
        aScale(op.a.scale),
        bScale(op.b.scale),
        yScale(op.yScale) {}
  static bool holds(const ops::QuantizedBinary& op) { return op.fn >= ops::QuantizedFn::Sub; }
  /// Of bytes less their zero points.
  float operator()(float a, float b) const {
    const float p = a * aScale, q = b * bScale;
    return (isSub ? p - q : p < 0 ? p * q : p) / yScale;
  }
  /// No result is farther from 0.
  float most() const {
    return 256 * (isSub ? aScale + bScale : aScale * std::max(1.0F, 256 * bScale)) / yScale;
  }
};

/// y = product * r + yZero, with two roundings: ONNX Runtime's product.
struct QuantisedMul {
  float r;

  explicit QuantisedMul(const ops::QuantizedBinary& op) : r(op.a.scale * op.b.scale / op.yScale) {}
};

}  // namespace minnow::kernels
