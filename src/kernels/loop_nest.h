// The loops of an elementwise kernel: axes that every operand steps through alike become one, the
// axis along which the output is densest comes last, and threads share what is left.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "base/threads.h"
#include "minnow/tensor.h"

namespace minnow::kernels {

/// Strides of `view` as if it had been broadcast to `shape`: 0 along axes it repeats on.
inline Strides stridesAsBroadcast(const TensorView& view, const Shape& shape) {
  Strides strides{};
  const int shift = shape.rank() - view.shape.rank();
  for (int axis = 0; axis < view.shape.rank(); ++axis)
    if (view.shape[axis] != 1) strides[axis + shift] = view.strides[axis];
  return strides;
}

/// `Operands` strided tensors walked together. Operand 0 is the output.
template <int Operands>
class LoopNest {
 public:
  LoopNest(const Shape& shape, const std::array<Strides, Operands>& strides) {
    std::array<int, kMaxRank> order{};
    int axes = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == 0) elements_ = 0;
      if (shape[axis] != 1) order[axes++] = axis;
    }
    for (int i = 1; i < axes; ++i)  // insertion, so that equal strides keep their order
      for (int k = i; k > 0 && strides[0][order[k - 1]] < strides[0][order[k]]; --k)
        std::swap(order[k - 1], order[k]);
    for (int i = 0; i < axes; ++i) add(shape[order[i]], order[i], strides);
    if (rank_ == 0) add(1, 0, {});
    if (elements_ != 0) elements_ = outer() * inner();
  }

  int64_t inner() const { return extents_[rank_ - 1]; }
  /// How many inner loops there are.
  int64_t outer() const {
    int64_t n = 1;
    for (int axis = 0; axis < rank_ - 1; ++axis) n *= extents_[axis];
    return n;
  }
  /// Step of an operand along the inner loop.
  int64_t innerStride(int operand) const { return strides_[operand][rank_ - 1]; }

  /// Calls row(offsets of the operands' first elements, count) until all elements are covered;
  /// long rows are cut where the thread pool may share them.
  template <class Row>
  void run(base::ThreadPool& pool, Row&& row) const {
    if (elements_ == 0) return;
    const int64_t pieces = (inner() + kPiece - 1) / kPiece;
    const int64_t grain = std::max<int64_t>(1, kPiece / std::min(inner(), kPiece));
    pool.parallelFor(outer() * pieces, grain,
                     [&](int64_t begin, int64_t end) { walk(begin, end, pieces, row); });
  }

 private:
  static constexpr int64_t kPiece = 8192;

  void add(int64_t extent, int axis, const std::array<Strides, Operands>& strides) {
    bool merges = rank_ > 0;
    for (int o = 0; o < Operands && merges; ++o)
      merges = strides_[o][rank_ - 1] == strides[o][axis] * extent;
    if (!merges) {
      extents_[rank_] = 1;
      ++rank_;
    }
    extents_[rank_ - 1] *= extent;
    for (int o = 0; o < Operands; ++o) strides_[o][rank_ - 1] = strides[o][axis];
  }

  template <class Row>
  void walk(int64_t begin, int64_t end, int64_t pieces, Row&& row) const {
    std::array<int64_t, kMaxRank> index{};
    std::array<int64_t, Operands> base{};
    int64_t left = begin / pieces, piece = begin % pieces;
    for (int axis = rank_ - 2; axis >= 0; --axis) {
      index[axis] = left % extents_[axis];
      left /= extents_[axis];
      for (int o = 0; o < Operands; ++o) base[o] += index[axis] * strides_[o][axis];
    }
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t first = piece * kPiece;
      std::array<int64_t, Operands> offsets = base;
      for (int o = 0; o < Operands; ++o) offsets[o] += first * innerStride(o);
      row(offsets, std::min(kPiece, inner() - first));
      if (++piece < pieces) continue;
      piece = 0;
      step(index, base);
    }
  }

  void step(std::array<int64_t, kMaxRank>& index, std::array<int64_t, Operands>& base) const {
    for (int axis = rank_ - 2; axis >= 0; --axis) {
      for (int o = 0; o < Operands; ++o) base[o] += strides_[o][axis];
      if (++index[axis] < extents_[axis]) return;
      for (int o = 0; o < Operands; ++o) base[o] -= extents_[axis] * strides_[o][axis];
      index[axis] = 0;
    }
  }

  std::array<int64_t, kMaxRank> extents_{};
  std::array<Strides, Operands> strides_{};
  int rank_ = 0;
  int64_t elements_ = 1;
};

}  // namespace minnow::kernels
