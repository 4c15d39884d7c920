// The last two axes of a tensor as a matrix, and the axes before as a batch that may be broadcast.
#pragma once

#include <array>
#include <cstdint>

#include "minnow/tensor.h"

namespace minnow::kernels {

struct Matrices {
  Shape batch;
  Strides batchStrides{};
  int64_t rowStride = 0, columnStride = 0;

  Matrices() = default;
  /// A one-dimensional tensor is a single row if `row`, else a single column.
  Matrices(const TensorView& view, bool transposed, bool row) {
    const int rank = view.shape.rank();
    if (rank == 1) {
      (row ? columnStride : rowStride) = view.strides[0];
      return;
    }
    rowStride = view.strides[transposed ? rank - 1 : rank - 2];
    columnStride = view.strides[transposed ? rank - 2 : rank - 1];
    for (int axis = 0; axis < rank - 2; ++axis) {
      batch.push_back(view.shape[axis]);
      batchStrides[axis] = view.strides[axis];
    }
  }
  /// Element offset of the matrix at an index of the broadcast batch axes.
  int64_t offset(const std::array<int64_t, kMaxRank>& index, int rank) const {
    int64_t offset = 0;
    for (int axis = 0; axis < batch.rank(); ++axis)
      if (batch[axis] != 1) offset += index[axis + rank - batch.rank()] * batchStrides[axis];
    return offset;
  }
  /// The same as a count of matrices, row-major.
  int64_t number(const std::array<int64_t, kMaxRank>& index, int rank) const {
    int64_t number = 0;
    for (int axis = 0; axis < batch.rank(); ++axis)
      number = number * batch[axis] + (batch[axis] != 1 ? index[axis + rank - batch.rank()] : 0);
    return number;
  }
};

/// The matrices of a product's output, which lacks the row axis or the column axis when the operand
/// that would give it has one dimension.
inline Matrices outputMatrices(const TensorView& view, bool hasRows, bool hasColumns) {
  Matrices matrices;
  int axes = view.shape.rank();
  if (hasColumns) matrices.columnStride = view.strides[--axes];
  if (hasRows) matrices.rowStride = view.strides[--axes];
  for (int axis = 0; axis < axes; ++axis) {
    matrices.batch.push_back(view.shape[axis]);
    matrices.batchStrides[axis] = view.strides[axis];
  }
  return matrices;
}

}  // namespace minnow::kernels
