// Float32 elementwise functions on vectors.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// True for functions of kernels/elementary.inc whose input and output share a contiguous axis.
bool acceptsUnary(const ops::Operator& op, std::span<const TensorView> inputs,
                  std::span<const TensorView> outputs);
Result<void> runUnary(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
