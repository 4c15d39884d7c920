// Where and Cast as plain loops over rows, for every type and any strides. They move bytes; the
// compiler's own vectors do.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

bool acceptsWhere(const ops::Operator& op, std::span<const TensorView> inputs,
                  std::span<const TensorView> outputs);
Result<void> runWhere(const ops::Operator& op, const KernelArgs& args);

bool acceptsCast(const ops::Operator& op, std::span<const TensorView> inputs,
                 std::span<const TensorView> outputs);
Result<void> runCast(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
