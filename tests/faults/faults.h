// Kernels with one fault each, of the kinds that ports of engines have: what `minnow diff` and
// `minnow replay` are to find. They compute whole outputs: trace and replay run layer by layer.
#pragma once

#include <span>

#include "kernels/kernel.h"

namespace minnow::faults {

struct Fault {
  const char* name;  ///< in $MINNOW_FAULT
  ops::OpKind kind;
  kernels::KernelFn run;
};

/// Of convolutions and matrix products.
std::span<const Fault> sumFaults();
/// Of pooling, normalisation and whatever else combines a few elements.
std::span<const Fault> elementFaults();

/// The kernel that would run, for faults that spoil part of its result.
kernels::KernelFn rightKernel();

using Index = std::array<int64_t, kMaxRank>;

/// An element of a float32 tensor.
inline float& at(const TensorView& view, const Index& index) {
  int64_t offset = 0;
  for (int axis = 0; axis < view.shape.rank(); ++axis) offset += index[axis] * view.strides[axis];
  return view.as<float>()[offset];
}

}  // namespace minnow::faults
