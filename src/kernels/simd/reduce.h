// Reductions of float32 on vectors.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

bool acceptsReduce(const ops::Operator& op, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs);
Result<void> runReduce(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
