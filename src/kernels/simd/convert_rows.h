// Conversions that models ask for most, a row at a time in vectors.
#pragma once

#include <cstddef>
#include <cstdint>

#include "minnow/tensor.h"

namespace minnow::kernels::simd {

/// to[i] = convert(from[i]) of n adjacent elements, with the bits of kernels/element_types.h.
using DenseConversion = void (*)(const std::byte* from, std::byte* to, int64_t n);

/// Null for pairs of types that have none.
DenseConversion denseConversion(DataType from, DataType to);

/// sums[n] = Σ x[k] * w[k][n], fused, one k after another, by weights of float16 in panels (Packing::F16x16), which are
/// widened in registers: a lone row took twice as long by widened panels.
struct HalvesByRow {
  const uint16_t* panels;
  int64_t depth, outputs;
  const float* x;
  float* sums;  ///< of whole panels
};
void multiplyHalves(const HalvesByRow& work);

}  // namespace minnow::kernels::simd
