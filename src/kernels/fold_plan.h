// How a fast kernel walks over a reduction: which axes are reduced, which are kept, and whether
// vector lanes run along the reduced elements or over neighbouring outputs.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/team.h"
#include "minnow/tensor.h"

namespace minnow::kernels {

/// Axes of an input and an output walked together; axes that both step through alike are one.
struct FoldAxes {
  int rank = 0;
  std::array<int64_t, kMaxRank> extents{}, in{}, out{};

  int64_t count() const {
    int64_t n = 1;
    for (int axis = 0; axis < rank; ++axis) n *= extents[axis];
    return n;
  }
  void add(int64_t extent, int64_t inStride, int64_t outStride);
  void remove(int axis);
  /// Distances of the i-th element, row-major.
  std::array<int64_t, 2> offsets(int64_t i) const {
    std::array<int64_t, 2> at{};
    for (int axis = rank - 1; axis >= 0; --axis) {
      at[0] += i % extents[axis] * in[axis];
      at[1] += i % extents[axis] * out[axis];
      i /= extents[axis];
    }
    return at;
  }
};

struct FoldPlan {
  bool possible = false;  ///< false: neither way of running lanes fits the storage
  bool along = false;     ///< the reduced elements lie one after another
  bool striped = false;   ///< the order of ops/reduce.h
  FoldAxes outer;         ///< kept axes, but for the lanes
  FoldAxes reduced;
  int64_t count = 1;    ///< reduced elements of one output
  int64_t lanes = 1;    ///< outputs that lie one after another in the input, when not `along`
  int64_t laneOut = 1;  ///< their distance in the output

  /// Lanes that one task takes.
  static constexpr int64_t kBlock = 128;
  int64_t blocks() const { return (lanes + kBlock - 1) / kBlock; }
  /// fn(begin, end) over ranges of tasks: task t is block t % blocks() of outer element t /
  /// blocks(). `weight`: an element is as much work as so many that are only added up.
  template <class F>
  void run(base::Team& team, F&& fn, int64_t weight = 1) const {
    const int64_t work = std::max<int64_t>(1, count * std::min(lanes, kBlock) * weight);
    team.parallelFor(outer.count() * blocks(), std::max<int64_t>(1, 16384 / work), fn);
  }
};

/// The plan of reducing the axes in `mask` of `x`; `out` are the output's strides along x's axes (0
/// along reduced axes that it does not have).
FoldPlan foldPlan(const TensorDesc& x, const Strides& out, uint32_t mask);

}  // namespace minnow::kernels
