// Float32 arithmetic of two tensors with broadcasting, on vectors.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// True for the arithmetic functions of float32 (not the remainders), whatever the strides.
bool acceptsBinary(const ops::Operator& op, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs);
Result<void> runBinary(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
