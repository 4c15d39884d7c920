// The steps from sums to bytes, and functions of bytes, a row at a time.
#pragma once

#include <cstdint>

#include "kernels/quantized.h"

namespace minnow::kernels::simd {

/// A tile's sums become bytes: y[places[r] + c] of `columns` channels, by their factors.
struct SumsToBytes {
  const int32_t* sums;   ///< rows of kByteColumns
  const float* factors;  ///< kByteColumns
  Requantiser to;
  bool isSigned;
  uint8_t* y;
  const int64_t* places;
  int64_t rows, columns;
};
void storeSums(const SumsToBytes& work);

/// Two rows of bytes to one. A step of 0 repeats an operand's only element.
struct BytePairs {
  const uint8_t *a, *b;
  int64_t aStep, bStep;
  uint8_t* y;
  int64_t count;
};
/// A function of pairs with all that it needs beside them.
struct BytePairFunction {
  QuantisedAdd add;
  QuantisedMul mul;
  bool isMul, aSigned, bSigned, ySigned;
  int32_t aZero, bZero;
  float yZero, least, most;

  explicit BytePairFunction(const ops::QuantizedBinary& op, DataType a, DataType b)
      : add(op), mul(op), isMul(op.fn == ops::QuantizedFn::Mul), aSigned(a == DataType::Int8),
        bSigned(b == DataType::Int8), ySigned(op.y.dataType() == DataType::Int8),
        aZero(static_cast<int32_t>(op.a.zero)), bZero(static_cast<int32_t>(op.b.zero)),
        yZero(static_cast<float>(op.y.zero)), least(static_cast<float>(op.y.least)),
        most(static_cast<float>(op.y.most)) {}
};
void computePairs(const BytePairFunction& fn, const BytePairs& row);

/// sums[c] += x[p * pixelStep + c] of `pixels` pixels.
struct ByteSums {
  const uint8_t* x;
  bool isSigned;
  int64_t pixels, pixelStep, channels;
  int32_t* sums;
};
void addPixels(const ByteSums& work);

/// Pixels of a depthwise convolution: tap t of pixel p reads channels from taps[p * count + t] on.
struct DepthwiseBytes {
  const uint8_t* const* taps;
  int64_t count, pixels, channels;
  bool xSigned;
  const int8_t* weights;  ///< tap 0; the next one follows at `weightStep`
  int64_t weightStep;
  const int32_t* start;
  const float* factors;
  Requantiser to;
  bool ySigned;
  uint8_t* y;
  int64_t yStep;  ///< from a pixel to the next
};
/// More taps are for the reference.
inline constexpr int64_t kMostByteTaps = 64;
void convolveDepthwise(const DepthwiseBytes& work);

}  // namespace minnow::kernels::simd
