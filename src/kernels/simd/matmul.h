// Matrix products with either side packed or not.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// float32 products; b packed in panels or of any strides, a and the output of any strides.
bool acceptsMatMul(const ops::Operator& op, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs);
size_t matMulWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                       std::span<const TensorView> outputs, const CallShape& call);
Result<void> runMatMul(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
