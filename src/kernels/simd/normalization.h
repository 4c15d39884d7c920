// Layer, group and instance normalisation on vectors.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

bool acceptsLayerNormalization(const ops::Operator& op, std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs);
Result<void> runLayerNormalization(const ops::Operator& op, const KernelArgs& args);

/// Groups that lie in one piece, or in channels-last storage groups of one channel.
bool acceptsGroupNormalization(const ops::Operator& op, std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs);
Result<void> runGroupNormalization(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
