// Where every output position of every axis reads, computed once a run into the workspace.
#pragma once

#include <array>

#include "kernels/kernel.h"
#include "ops/resize.h"

namespace minnow::kernels {

/// Taps of one axis, from output position `first` on.
struct AxisTable {
  int64_t first = 0;
  int64_t taps = 1;
  int64_t* offsets = nullptr;  ///< in elements: position times the input's stride
  float* weights = nullptr;
  bool kept = true;           ///< one tap of weight 1 throughout
  bool interpolated = false;  ///< more than one tap

  /// The taps of output position `o`.
  const int64_t* offsetsOf(int64_t o) const { return offsets + (o - first) * taps; }
  const float* weightsOf(int64_t o) const { return weights + (o - first) * taps; }
  /// True if position `o` shows the extrapolation value.
  bool outside(int64_t o) const { return *offsetsOf(o) == kOutside; }
  static constexpr int64_t kOutside = INT64_MIN;
};

/// One or two taps as two.
struct TwoTaps {
  int64_t offsets[2];
  float weights[2];

  TwoTaps(const AxisTable& table, int64_t at)
      : offsets{table.offsetsOf(at)[0], table.offsetsOf(at)[table.taps - 1]},
        weights{table.weightsOf(at)[0], table.taps == 2 ? table.weightsOf(at)[1] : 0} {}
};

struct ResizeTables {
  std::array<AxisTable, kMaxRank> axes;
  bool mayBeOutside = false;
};

/// A WorkspaceFn: the bytes the tables need.
size_t resizeTableBytes(const ops::Operator& op, std::span<const TensorView> inputs,
                        std::span<const TensorView> outputs, const CallShape& call);
/// The table of output positions [begin, end) of one axis; its memory is taken from `workspace`.
AxisTable makeAxisTable(const ops::Resize& op, int axis, const TensorView& x, const TensorView& y,
                        const OutputRows& positions, std::span<std::byte>& workspace);
/// Tables of all axes, for the rows of y that are asked for.
ResizeTables makeResizeTables(const ops::Resize& op, const TensorView& x, const TensorView& y,
                              const OutputRows& rows, std::span<std::byte> workspace);

}  // namespace minnow::kernels
