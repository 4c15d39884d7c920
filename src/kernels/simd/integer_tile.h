// Sums of products of 16-bit integers in 32 bits, which wrap around: what products of quantised
// tensors come to when their zero points have been subtracted (-255…255 with 8 bits).
#pragma once

#include <cstdint>

namespace minnow::kernels::simd {

/// Columns of a panel: channels of an output, or columns of a matrix.
inline constexpr int64_t kIntegerPanel = 16;
/// Rows of a tile: pixels, or rows of a matrix. What the instruction sets' inner tiles divide.
inline constexpr int64_t kIntegerRows = 24;

/// Terms come in pairs, because one instruction multiplies and adds two: term k of row r lies at
/// x[(k / 2 * kIntegerRows + r) * 2 + k % 2], of column c at w[(k / 2 * kIntegerPanel + c) * 2 +
/// k % 2]. Where there is an odd number, the last is 0 in one of both.
struct IntegerTile {
  const int16_t* x;
  const int16_t* w;
  int64_t pairs;
  int32_t* sums;  ///< kIntegerRows rows of kIntegerPanel
};

void multiplyTile(const IntegerTile& tile);

}  // namespace minnow::kernels::simd
