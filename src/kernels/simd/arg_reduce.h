// ArgMax and ArgMin of float32 on vectors.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

bool acceptsArgReduce(const ops::Operator& op, std::span<const TensorView> inputs,
                      std::span<const TensorView> outputs);
Result<void> runArgReduce(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
