// Where every output position of every axis reads, computed once a run into the workspace.
#pragma once

#include "kernels/kernel.h"
#include "ops/resize.h"

namespace minnow::kernels {

/// Taps of one axis: those of output position o are offsets[o * taps …] and weights[o * taps …].
struct AxisTable {
  int64_t taps = 1;
  int64_t* offsets = nullptr;  ///< in elements: position times the input's stride
  float* weights = nullptr;
  bool kept = true;           ///< one tap of weight 1 throughout
  bool interpolated = false;  ///< more than one tap

  /// True if position `o` shows the extrapolation value.
  bool outside(int64_t o) const { return offsets[o * taps] == kOutside; }
  static constexpr int64_t kOutside = INT64_MIN;
};

struct ResizeTables {
  std::array<AxisTable, kMaxRank> axes;
  bool mayBeOutside = false;
};

/// A WorkspaceFn: the bytes the tables need.
size_t resizeTableBytes(const ops::Operator& op, std::span<const TensorView> inputs,
                        std::span<const TensorView> outputs, int threads);
ResizeTables makeResizeTables(const ops::Resize& op, const TensorView& x, const TensorView& y,
                              std::span<std::byte> workspace);

}  // namespace minnow::kernels
