// Walking over tensors of any strides, one element at a time.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/broadcast.h"
#include "kernels/kernel.h"
#include "minnow/tensor.h"

namespace minnow::kernels {

/// Calls fn(index) for every index of the shape, row-major; index is an array of kMaxRank
/// coordinates.
template <class F>
void forEachIndex(const Shape& shape, F&& fn) {
  std::array<int64_t, kMaxRank> index{};
  for (int64_t left = shape.elements(); left > 0; --left) {
    fn(index);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/// The same for the rows that a kernel is asked for.
template <class F>
void forEachIndexInRows(const Shape& shape, const OutputRows& asked, F&& fn) {
  if (shape.rank() != 4) return forEachIndex(shape, fn);
  const OutputRows rows = asked.within(shape[2]);
  Shape part = shape;
  part[2] = rows.end - rows.begin;
  forEachIndex(part, [&](std::array<int64_t, kMaxRank> index) {
    index[2] += rows.begin;
    fn(index);
  });
}

/// Element distance of an index from a tensor's first element.
inline int64_t offsetOf(const std::array<int64_t, kMaxRank>& index, const Strides& strides,
                        int rank) {
  int64_t offset = 0;
  for (int axis = 0; axis < rank; ++axis) offset += index[axis] * strides[axis];
  return offset;
}

/// The element at an offset, whatever its type.
inline std::byte* elementAt(const TensorView& view, int64_t offset) {
  return view.as<std::byte>() + offset * static_cast<int64_t>(elementSize(view.type));
}

/// out[i] = fn(in[i]) for two tensors of one shape.
template <class From, class To, class F>
void mapElements(const TensorView& in, const TensorView& out, F&& fn) {
  const From* src = in.as<const From>();
  To* dst = out.as<To>();
  forEachIndex(out.shape, [&](const auto& index) {
    dst[offsetOf(index, out.strides, out.shape.rank())] =
        fn(src[offsetOf(index, in.strides, in.shape.rank())]);
  });
}

}  // namespace minnow::kernels
