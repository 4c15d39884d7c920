// Batch normalisation on vectors.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// Channels innermost, or each channel's pixels in rows.
bool acceptsBatchNormalization(const ops::Operator& op, std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs);
size_t batchNormalizationWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                                   std::span<const TensorView> outputs, const CallShape& call);
Result<void> runBatchNormalization(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
