// Local response normalisation on vectors.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// Channels innermost, or each channel's pixels in rows.
bool acceptsLrn(const ops::Operator& op, std::span<const TensorView> inputs,
                std::span<const TensorView> outputs);
Result<void> runLrn(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
