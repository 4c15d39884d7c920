// Strided tensors that are walked together, with axes merged that all step through alike.
#pragma once

#include <array>

#include <utility>

#include "minnow/tensor.h"

namespace minnow::backend::gpu {

/// Densest: the axis along which operand 0, the output, is densest comes last. Given: row-major.
enum class AxisOrder : uint8_t { Densest, Given };

/// `Operands` of them.
template <int Operands>
struct Axes {
  int rank = 0;
  std::array<int, kMaxRank> extent{};
  std::array<std::array<int, kMaxRank>, Operands> strides{};

  Axes(const Shape& shape, const std::array<Strides, Operands>& given,
       AxisOrder kind = AxisOrder::Densest) {
    std::array<int, kMaxRank> order{};
    int count = 0;
    for (int axis = 0; axis < shape.rank(); ++axis)
      if (shape[axis] != 1) order[count++] = axis;
    for (int i = 1; i < count && kind == AxisOrder::Densest;
         ++i)  // insertion, so that equal strides keep their order
      for (int k = i; k > 0 && given[0][order[k - 1]] < given[0][order[k]]; --k)
        std::swap(order[k - 1], order[k]);
    for (int i = 0; i < count; ++i) add(shape[order[i]], order[i], given);
    if (rank == 0) extent[rank++] = 1;
  }

  int rows() const {
    int product = 1;
    for (int axis = 0; axis + 1 < rank; ++axis) product *= extent[axis];
    return product;
  }
  int last() const { return extent[rank - 1]; }

 private:
  void add(int64_t size, int axis, const std::array<Strides, Operands>& given) {
    bool merges = rank > 0;
    for (int o = 0; o < Operands && merges; ++o)
      merges = strides[o][rank - 1] == given[o][axis] * size;
    if (!merges) extent[rank++] = 1;
    extent[rank - 1] *= static_cast<int>(size);
    for (int o = 0; o < Operands; ++o) strides[o][rank - 1] = static_cast<int>(given[o][axis]);
  }
};

/// Strides, or extents, as kernels take them.
template <class Numbers, size_t Count>
void fill(const Numbers& from, int32_t (&to)[Count]) {
  for (size_t i = 0; i < Count; ++i) to[i] = static_cast<int32_t>(from[i]);
}

}  // namespace minnow::backend::gpu
