// Copies between tensors of any strides, as fast as memory allows: runs where both sides are
// contiguous, tiles transposed in registers where each side is contiguous along another axis.
#pragma once

#include "base/team.h"
#include "minnow/tensor.h"

namespace minnow::kernels::simd {

/// A CopyFn (kernels/movement.h). The memory of the two may not overlap.
void copyStrided(const TensorView& from, const TensorView& to, base::Team& team);

}  // namespace minnow::kernels::simd
