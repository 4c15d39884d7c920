// Softmax and LogSoftmax on vectors.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

bool acceptsSoftmax(const ops::Operator& op, std::span<const TensorView> inputs,
                    std::span<const TensorView> outputs);
Result<void> runSoftmax(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
