// Operators that only move elements, as lists of strided copies: each function below calls `copy`
// for every pair of views (equal shapes and types) that makes up the operator. The scalar reference
// passes a plain element loop, the CPU backend its fast copy.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels {

/// Copies all elements of `from` to `to`, whatever their strides (0 and negative ones too).
using CopyFn = void (*)(const TensorView& from, const TensorView& to, base::Team& team);

using MoveFn = Result<void> (*)(const ops::Operator&, const KernelArgs&, CopyFn copy);

Result<void> moveReshape(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveTranspose(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveRelayout(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveSlice(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveConcat(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveSplit(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> movePad(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveExpand(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveTile(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveGather(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveDepthToSpace(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveSpaceToDepth(const ops::Operator&, const KernelArgs&, CopyFn copy);
Result<void> moveReverseSequence(const ops::Operator&, const KernelArgs&, CopyFn copy);

/// The part of a tensor that begins at `start` along an axis and is `count` long.
TensorView partOf(const TensorView& tensor, int axis, int64_t start, int64_t count);
/// The same view with its first element `elements` further on.
TensorView shifted(const TensorView& tensor, int64_t elements);

/// The view without an axis, at its first position.
TensorView withoutAxis(const TensorView& tensor, int axis);

}  // namespace minnow::kernels
