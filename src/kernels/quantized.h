// The arithmetic of quantised operators that kernels share: what is computed once a call, in the
// order that the rule says (ops/quantized.h).
#pragma once

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
  float low, high;
  int32_t zero, least, most;

  explicit Requantiser(const ops::QuantisedResult& y)
      : low(static_cast<float>(y.least - y.zero)),
        high(static_cast<float>(y.most - y.zero)),
        zero(static_cast<int32_t>(y.zero)),
        least(static_cast<int32_t>(y.least)),
        most(static_cast<int32_t>(y.most)) {}
};

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
