// The loops of an elementwise kernel: axes that every operand steps through alike become one, the
// axis along which the output is densest comes last, and threads share tiles of the last two.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/team.h"
#include "minnow/tensor.h"

namespace minnow::kernels {

/// Rows of equally many elements: what a kernel computes in one call. Element (r, i) of operand o
/// lies at offset[o] + r * rowStride[o] + i * step[o].
template <int Operands>
struct LoopTile {
  std::array<int64_t, Operands> offset{}, rowStride{}, step{};
  int64_t rows = 1;
  int64_t count = 0;
};

/// `Operands` strided tensors walked together. Operand 0 is the output.
template <int Operands>
class LoopNest {
 public:
  LoopNest(const Shape& shape, const std::array<Strides, Operands>& strides) {
    std::array<int, kMaxRank> order{};
    int axes = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == 0) empty_ = true;
      if (shape[axis] != 1) order[axes++] = axis;
    }
    for (int i = 1; i < axes; ++i)  // insertion, so that equal strides keep their order
      for (int k = i; k > 0 && strides[0][order[k - 1]] < strides[0][order[k]]; --k)
        std::swap(order[k - 1], order[k]);
    for (int i = 0; i < axes; ++i) add(shape[order[i]], order[i], strides);
    if (extent(1) < kShort && extent(2) >= kLong) swapInner();
  }

  /// Calls tile(LoopTile) until all elements are covered, a few thousand at a time.
  template <class F>
  void run(base::Team& team, F&& tile) const {
    if (empty_) return;
    const int64_t count = extent(1), rows = extent(2);
    const int64_t tileRows = std::clamp<int64_t>(kTile / count, 1, rows);
    const int64_t tileCount = std::min(count, kTile);
    const int64_t across = (count + tileCount - 1) / tileCount;
    const int64_t down = (rows + tileRows - 1) / tileRows;
    int64_t planes = 1;
    for (int axis = 0; axis < rank_ - 2; ++axis) planes *= extents_[axis];
    const int64_t grain = std::max<int64_t>(1, kTile / (tileRows * tileCount));
    team.parallelFor(planes * down * across, grain, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t column = unit % across * tileCount;
        const int64_t row = unit / across % down * tileRows;
        LoopTile<Operands> t = at(unit / across / down, row, column);
        t.rows = std::min(tileRows, rows - row);
        t.count = std::min(tileCount, count - column);
        tile(t);
      }
    });
  }

 private:
  static constexpr int64_t kTile = 4096;
  // Rows that no vector fits: 4,420 boxes of two coordinates are two rows of 4,420 steps instead.
  static constexpr int64_t kShort = 4, kLong = 32;

  void swapInner() {
    std::swap(extents_[rank_ - 1], extents_[rank_ - 2]);
    for (auto& strides : strides_) std::swap(strides[rank_ - 1], strides[rank_ - 2]);
  }

  void add(int64_t extent, int axis, const std::array<Strides, Operands>& strides) {
    bool merges = rank_ > 0;
    for (int o = 0; o < Operands && merges; ++o)
      merges = strides_[o][rank_ - 1] == strides[o][axis] * extent;
    if (!merges) extents_[rank_++] = 1;
    extents_[rank_ - 1] *= extent;
    for (int o = 0; o < Operands; ++o) strides_[o][rank_ - 1] = strides[o][axis];
  }

  // The axis counted from the end: 1 is the last one. An axis that is not there has one element.
  int64_t extent(int fromEnd) const { return rank_ < fromEnd ? 1 : extents_[rank_ - fromEnd]; }
  int64_t stride(int operand, int fromEnd) const {
    return rank_ < fromEnd ? fromEnd == 1 : strides_[operand][rank_ - fromEnd];
  }

  LoopTile<Operands> at(int64_t plane, int64_t row, int64_t column) const {
    LoopTile<Operands> t;
    for (int o = 0; o < Operands; ++o) {
      t.step[o] = stride(o, 1);
      t.rowStride[o] = stride(o, 2);
      t.offset[o] = row * t.rowStride[o] + column * t.step[o];
    }
    for (int axis = rank_ - 3; axis >= 0; --axis) {
      const int64_t index = plane % extents_[axis];
      plane /= extents_[axis];
      for (int o = 0; o < Operands; ++o) t.offset[o] += index * strides_[o][axis];
    }
    return t;
  }

  std::array<int64_t, kMaxRank> extents_{};
  std::array<Strides, Operands> strides_{};
  int rank_ = 0;
  bool empty_ = false;
};

}  // namespace minnow::kernels
