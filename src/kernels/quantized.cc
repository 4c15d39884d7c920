// TensorFlow Lite's steps from sums to integers.
#include "kernels/quantized.h"

#include <bit>

namespace minnow::kernels {

int32_t FixedFactor::times(int32_t x) const {
  const auto moved = static_cast<int32_t>(static_cast<uint32_t>(x) << left());
  const int64_t product = (int64_t{moved} * multiplier + (int64_t{1} << 30)) >> 31;
  const int64_t half = int64_t{1} << right() >> 1;
  return static_cast<int32_t>((product + half - (product < 0 && half > 0)) >> right());
}

void FixedFactor::divideBy(int64_t n) {
  int bits = std::min(32, 31 + exponent);
  for (int log = 0; log < bits; ++log)
    if (n >> log >> 1 == 0) bits = log;
  multiplier = static_cast<int32_t>((int64_t{multiplier} << bits) / std::max<int64_t>(n, 1));
  exponent -= bits;
}

int64_t fixedReciprocal(int64_t x) {
  const int64_t half = (x + (int64_t{1} << 31)) >> 1;  // (x + 1) / 2
  int64_t r = highProduct(half, -1010580540) + 1515870810;
  for (int step = 0; step < 3; ++step)
    r += 4 * highProduct(r, (int64_t{1} << 29) - highProduct(half, r));
  return std::min<int64_t>(2 * r, INT32_MAX);
}

int32_t tfliteByte(const Requantiser& to, int32_t sum, double factor) {
  if (to.rule == ops::QuantisationRule::TfliteFixed)
    return fixedToByte(to, FixedFactor(factor).times(sum));
  const double least = to.least - to.zero, most = to.most - to.zero;
  const double value = std::round(sum * factor);
  return static_cast<int32_t>(value > least ? std::min(value, most) : least) + to.zero;
}

FixedPair::FixedPair(const ops::QuantizedBinary& op) : fn(op.fn), ofA(0), ofB(0), toY(0) {
  if (fn == ops::QuantizedFn::Mul || fn == ops::QuantizedFn::PRelu) {
    toY = FixedFactor(static_cast<double>(op.a.scale * op.b.scale / op.yScale));
    ofA = FixedFactor(static_cast<double>(op.a.scale / op.yScale));
    return;
  }
  const double most = 2 * static_cast<double>(std::max(op.a.scale, op.b.scale));
  ofA = FixedFactor(static_cast<double>(op.a.scale) / most);
  ofB = FixedFactor(static_cast<double>(op.b.scale) / most);
  toY = FixedFactor(most / ((1 << kShift) * static_cast<double>(op.yScale)));
}

int32_t FixedPair::operator()(int32_t a, int32_t b) const {
  if (fn == ops::QuantizedFn::PRelu && a >= 0) return ofA.times(a);
  if (fn == ops::QuantizedFn::Mul || fn == ops::QuantizedFn::PRelu) return toY.times(a * b);
  const auto left = static_cast<uint32_t>(ofA.times(a << kShift)),
             right = static_cast<uint32_t>(ofB.times(b << kShift));
  return toY.times(static_cast<int32_t>(fn == ops::QuantizedFn::Sub ? left - right : left + right));
}

FixedFactor meanFactor(const ops::QuantizedPool& op, int64_t n) {
  FixedFactor factor(static_cast<double>(op.x.scale) / static_cast<double>(op.yScale));
  factor.divideBy(n);
  return factor;
}

int32_t averageByte(const ops::QuantisedResult& y, int64_t sum, int64_t n) {
  const int64_t half = sum < 0 ? -(n / 2) : n / 2;
  return static_cast<int32_t>(std::clamp(n > 0 ? (sum + half) / n : 0, y.least, y.most));
}

}  // namespace minnow::kernels
