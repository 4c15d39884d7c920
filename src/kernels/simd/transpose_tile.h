// The inner loop of a transposing copy of 4-byte elements.
#pragma once

#include <cstdint>

namespace minnow::kernels::simd {

/// A matrix to copy: element (row, column) from from[row + column * fromStride] to
/// to[row * toStride + column].
struct TransposeTile {
  const uint32_t* from;
  int64_t fromStride;
  uint32_t* to;
  int64_t toStride;
  int64_t rows, columns;
};

void transposeTile(const TransposeTile& tile);

}  // namespace minnow::kernels::simd
