// A tensor as if it were as large as another.
#pragma once

#include "minnow/tensor.h"

namespace minnow::kernels {

/// Strides of `view` as if it had been broadcast to `shape`: 0 along axes it repeats on.
inline Strides broadcastStrides(const TensorDesc& view, const Shape& shape) {
  Strides strides{};
  const int shift = shape.rank() - view.shape.rank();
  for (int axis = 0; axis < view.shape.rank(); ++axis)
    if (view.shape[axis] != 1) strides[axis + shift] = view.strides[axis];
  return strides;
}

}  // namespace minnow::kernels
