// The steps from sums to bytes, and functions of bytes, a row at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernels/quantized.h"
#include "kernels/resize_tables.h"

namespace minnow::kernels::simd {

/// Runs of n bytes, the highest bit of each flipped or not (`flip` 0x80 or 0): where they are short a call
/// would take longer.
struct ByteRuns {
  uint8_t* to;
  int64_t toStep;
  const uint8_t* from;
  int64_t fromStep, count, n;
  uint8_t flip = 0;
};
inline void copyRuns(const ByteRuns& runs) {
  using Sixteen = uint64_t __attribute__((vector_size(16)));
  const int64_t n = runs.n, toStep = runs.toStep, fromStep = runs.fromStep;
  const auto each = [&](auto&& copy) {
    uint8_t* to = runs.to;
    const uint8_t* from = runs.from;
    for (int64_t i = runs.count; i > 0; --i, to += toStep, from += fromStep) copy(to, from);
  };
  const auto byWords = [&](auto flips) {  // of which the last may overlap
    constexpr auto kSize = static_cast<int64_t>(sizeof flips);
    const auto word = [flips](uint8_t* to, const uint8_t* from) {
      auto value = flips;
      std::memcpy(&value, from, sizeof value);
      value ^= flips;
      std::memcpy(to, &value, sizeof value);
    };
    each([&](uint8_t* to, const uint8_t* from) {
      int64_t i = 0;
      if constexpr (kSize == 16)
        for (; i + 64 < n; i += 64)
#pragma GCC unroll 4
          for (int64_t k = 0; k < 64; k += 16) word(to + i + k, from + i + k);
      for (; i + 2 * kSize < n; i += 2 * kSize)
        word(to + i, from + i), word(to + i + kSize, from + i + kSize);
      if (i + kSize < n) word(to + i, from + i);
      word(to + n - kSize, from + n - kSize);
    });
  };
  const uint64_t flips = runs.flip * uint64_t{0x0101010101010101};
  if (n > 32 && flips == 0)
    each([n](uint8_t* to, const uint8_t* from) { std::memcpy(to, from, static_cast<size_t>(n)); });
  else if (n >= 16)
    byWords(Sixteen{flips, flips});
  else if (n >= 8)
    byWords(flips);
  else if (n >= 4)
    byWords(static_cast<uint32_t>(flips));
  else if (n > 0)
    byWords(runs.flip);
}
inline void copyBytes(uint8_t* to, const uint8_t* from, int64_t n, uint8_t flip = 0) {
  copyRuns({to, 0, from, 0, 1, n, flip});
}

/// True if products with sums of 32 bits surely are less than 2^31, or saturate as on AArch64.
inline bool areSmall(const float* factors, int64_t count) {
#if defined(__aarch64__)
  constexpr float kEnd = std::numeric_limits<float>::infinity();
#else
  constexpr float kEnd = 1;
#endif
  return std::all_of(factors, factors + count, [](float f) { return f >= 0 && f < kEnd; });
}
/// The same of TensorFlow Lite's exponents: x86's steps want a shift to the right by one at least.
inline bool isSmallExponent(int32_t exponent) {
#if defined(__arm__) || defined(__aarch64__)
  return exponent <= 0;
#else
  return exponent < 0;
#endif
}

/// Two words hold what TensorFlow Lite's rules multiply by: multiplier and exponent, or a double.
inline void setTfliteFactor(ops::QuantisationRule rule, double r, float& factor, float& more) {
  const auto bits = std::bit_cast<uint64_t>(r);
  auto low = static_cast<uint32_t>(bits), high = static_cast<uint32_t>(bits >> 32);
  if (rule == ops::QuantisationRule::TfliteFixed) {
    const FixedFactor fixed(r);
    low = static_cast<uint32_t>(fixed.multiplier), high = static_cast<uint32_t>(fixed.exponent);
  }
  factor = std::bit_cast<float>(low), more = std::bit_cast<float>(high);
}
inline double realFactor(float factor, float more) {
  return std::bit_cast<double>(uint64_t{std::bit_cast<uint32_t>(more)} << 32 |
                               std::bit_cast<uint32_t>(factor));
}

/// A tile's sums become bytes: y[places[r] + c] of `columns` channels, by their factors.
struct SumsToBytes {
  const int32_t* sums;          ///< rows of kByteColumns
  const float *factors, *more;  ///< kByteColumns; `more` of TensorFlow Lite's rules
  Requantiser to;
  bool isSmall;  ///< areSmall() of the factors; isSmallExponent() of TensorFlow Lite's
  bool isSigned;
  uint8_t* y;
  const int64_t* places;
  int64_t rows, columns;
  bool isNarrow = false;  ///< if 16 bits surely hold what is rounded, float32 or by TfliteFixed
};
void storeSums(const SumsToBytes& work);
/// One of them.
uint8_t byteOfSum(const Requantiser& to, int32_t sum, float factor, float more);

/// Sums of channels become real numbers, where they lie or elsewhere.
struct SumsToReals {
  const int32_t* sums;
  const float *factors, *bias;
  float* y;
  int64_t channels;
};
void scaleSums(const SumsToReals& work);

/// Three planes of n bytes become n pixels.
void interleaveThree(const uint8_t* const (&planes)[3], uint8_t* to, int64_t n);

/// Rows of y[i] = table[x[i]], of 256 bytes; y may be x.
struct ByteLookUp {
  const uint8_t *table, *x;
  uint8_t* y;
  int64_t rows, count, xStep, yStep;  ///< steps lead from a row to the next
};
void lookUp(const ByteLookUp& work);

/// The sum of n bytes, the highest bit of each flipped or not.
int64_t sumOfBytes(const uint8_t* x, int64_t n, uint8_t flip);

/// Rows of bytes by twos to one. A step of 0 repeats the only element of an operand's row.
struct BytePairs {
  const uint8_t *a, *b;
  int64_t aStep, bStep;
  uint8_t* y;
  int64_t count;
  int64_t rows = 1, aRow = 0, bRow = 0, yRow = 0;  ///< and how far the next row is
};
/// A function of pairs with all that it needs beside them.
struct BytePairFunction {
  QuantisedAdd add;
  QuantisedMul mul;
  RealPair real;
  bool isMul, isReal, aSigned, bSigned;
  int32_t aZero, bZero;
  float yZero;
  FixedPair fixed;
  Requantiser to;
  bool
      isSmall;  ///< int32 surely holds all results before they are clamped; others are for the reference

  explicit BytePairFunction(const ops::QuantizedBinary& op, DataType a, DataType b)
      : add(op),
        mul(op),
        real(op),
        isMul(op.fn == ops::QuantizedFn::Mul),
        isReal(RealPair::holds(op)),
        aSigned(a == DataType::Int8),
        bSigned(b == DataType::Int8),
        aZero(static_cast<int32_t>(op.a.zero)),
        bZero(static_cast<int32_t>(op.b.zero)),
        yZero(static_cast<float>(op.y.zero)),
        fixed(op),
        to(op.y),
        isSmall(to.rule != ops::QuantisationRule::OnnxRuntime || most() < 0x1p30F) {}

 private:
  float most() const {
    if (isReal) return real.most();
    return isMul ? 65536 * mul.r : 256 * (add.ra + add.rb) + std::abs(add.k);
  }
};
void computePairs(const BytePairFunction& fn, const BytePairs& row);

/// Pixels of a row of an image that is resized as TensorFlow Lite does: four neighbours by weights.
struct ByteMix {
  const uint8_t* rows[2];  ///< in which the columns' offsets lead to pixels
  float weights[2];        ///< of rows
  const AxisTable* columns;
  bool isSigned;
  int64_t pixels, channels;
  uint8_t* y;
  int64_t yStep;
};
void mixPixels(const ByteMix& work);

/// sums[c] += x[p * pixelStep + c] of `pixels` pixels.
struct ByteSums {
  const uint8_t* x;
  bool isSigned;
  int64_t pixels, pixelStep, channels;
  int32_t* sums;
};
void addPixels(const ByteSums& work);

/// What a depthwise convolution has for its channels.
struct DepthwiseChannels {
  int64_t taps, channels;
  const int8_t* weights;  ///< tap 0; the next one follows at `weightStep`
  int64_t weightStep;
  int16_t wZero;
  const int32_t* start;
  const float *factors, *more;
  Requantiser to;
  bool isSmall;  ///< as of SumsToBytes
  bool xSigned, ySigned;
  bool isReal;  ///< y are the sums themselves, int32, at steps of bytes too
  bool isNarrow;
};
/// Pixels of an output row whose taps all move on alike.
struct ByteRun {
  int64_t count;
  uint8_t* y;
};
/// Runs of a depthwise convolution: tap t of run i reads channels from places[i * taps + t] on, and
/// of each further pixel xStep on. ARM has slices instead (byte_depthwise.h).
struct DepthwiseBytes : DepthwiseChannels {
  const ByteRun* runs;
  const uint8_t* const* places;
  int64_t count, xStep, yStep;
};
/// More taps are for the reference.
inline constexpr int64_t kMostByteTaps = 64;
void convolveDepthwise(const DepthwiseBytes& work);

/// y[c] = the greatest of taps[t][c]; the least of the type where there is no tap.
struct ByteMaxima {
  const uint8_t* const* taps;
  int64_t count, channels;
  bool isSigned;
  uint8_t* y;
};
void maxima(const ByteMaxima& work);

}  // namespace minnow::kernels::simd
