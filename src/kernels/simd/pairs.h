// Functions of two elements that are no arithmetic of float32: integers, float64, booleans,
// comparisons and remainders, as plain loops that the compiler makes vectors of.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// All types but those of two bytes, all functions but powers, any strides.
bool acceptsPairs(const ops::Operator& op, std::span<const TensorView> inputs,
                  std::span<const TensorView> outputs);
Result<void> runPairs(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
