// Between float32 and integers of 8 bits, a row of one scale and zero point at a time.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// One scale for everything, or one for each place along an axis: no blocks.
bool acceptsQuantize(const ops::Operator& op, std::span<const TensorView> inputs,
                     std::span<const TensorView> outputs);
Result<void> runQuantize(const ops::Operator& op, const KernelArgs& args);

bool acceptsDequantize(const ops::Operator& op, std::span<const TensorView> inputs,
                       std::span<const TensorView> outputs);
Result<void> runDequantize(const ops::Operator& op, const KernelArgs& args);

bool acceptsDynamicQuantize(const ops::Operator& op, std::span<const TensorView> inputs,
                            std::span<const TensorView> outputs);
Result<void> runDynamicQuantize(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
