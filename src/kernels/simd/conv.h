// Convolutions over channels-last images with weights in panels.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

/// Dense and grouped convolutions, one to three spatial axes, any stride, dilation and padding. The
/// input may have any strides (channels-last is read in place where possible); the output's
/// channels must be adjacent.
bool acceptsConv(const ops::Operator& op, std::span<const TensorView> inputs,
                 std::span<const TensorView> outputs);
size_t convWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                     std::span<const TensorView> outputs, const CallShape& call);
Result<void> runConv(const ops::Operator& op, const KernelArgs& args);

/// Convolutions of Conv::winograd over channels-last images.
bool acceptsWinograd(const ops::Operator& op, std::span<const TensorView> inputs,
                     std::span<const TensorView> outputs);
size_t winogradWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                         std::span<const TensorView> outputs, const CallShape& call);
Result<void> runWinograd(const ops::Operator& op, const KernelArgs& args);

/// Depthwise convolutions over channels-last images, one or two spatial axes.
bool acceptsDepthwise(const ops::Operator& op, std::span<const TensorView> inputs,
                      std::span<const TensorView> outputs);
size_t depthwiseWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs, const CallShape& call);
Result<void> runDepthwise(const ops::Operator& op, const KernelArgs& args);

/// Transposed convolutions over channels-last images, one to three spatial axes.
bool acceptsConvTranspose(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs);
size_t convTransposeWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                              std::span<const TensorView> outputs, const CallShape& call);
Result<void> runConvTranspose(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
