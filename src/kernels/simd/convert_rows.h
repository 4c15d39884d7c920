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

}  // namespace minnow::kernels::simd
