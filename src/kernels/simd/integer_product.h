// Convolutions and matrix products of 8-bit integers by tiles.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

bool acceptsConvInteger(const ops::Operator& op, std::span<const TensorView> inputs,
                        std::span<const TensorView> outputs);
size_t convIntegerWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                            std::span<const TensorView> outputs, const CallShape& call);
Result<void> runConvInteger(const ops::Operator& op, const KernelArgs& args);

bool acceptsMatMulInteger(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs);
size_t matMulIntegerWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                              std::span<const TensorView> outputs, const CallShape& call);
Result<void> runMatMulInteger(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
