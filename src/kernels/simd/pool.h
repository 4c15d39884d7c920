// Max and average pooling over channels-last images.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// float32 Max without indices and Average, windowed or global, over one or two spatial axes whose
/// channels are adjacent in input and output; pixels and rows may have gaps.
bool acceptsPool(const ops::Operator& op, std::span<const TensorView> inputs,
                 std::span<const TensorView> outputs);
size_t poolWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                     std::span<const TensorView> outputs, const CallShape& call);
Result<void> runPool(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
