// The one packed form of weights: panels of 16 output channels, the last panel narrowed to a
// multiple of 4.
//
// A matrix of `outputs` x `depth` (depth = ky, kx, input channel of the group, in that order, or K
// of a matrix product) is stored panel after panel; a panel holds `depth` rows of `width` floats,
// one row a depth step, so that a kernel broadcasts one input element against one row. Rows of the
// last panel are padded with zeros to a width that is a multiple of 4. With groups, each group is a
// matrix of its own, one after another. Depthwise weights (one input and one output channel a
// group) are a single block of [ky][kx][channels padded to 16].
#pragma once

#include <algorithm>
#include <cstdint>

namespace minnow::kernels {

inline constexpr int64_t kPanel = 16;

struct PanelShape {
  int64_t groups = 1;
  int64_t outputs = 0;  ///< output channels of one group
  int64_t depth = 0;
  bool depthwise = false;  ///< groups counts channels, outputs is 1 and depth is ky*kx

  static int64_t roundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
  /// Floats of one group (of everything when depthwise).
  int64_t groupFloats() const {
    return depthwise ? roundUp(groups, kPanel) * depth : roundUp(outputs, 4) * depth;
  }
  int64_t floats() const { return depthwise ? groupFloats() : groups * groupFloats(); }
  /// Width of the panel that starts at output channel `first`.
  int64_t width(int64_t first) const { return std::min(kPanel, roundUp(outputs, 4) - first); }
  /// Where the weight of (group, output in the group, depth step) lies, in floats.
  int64_t offset(int64_t group, int64_t output, int64_t step) const {
    if (depthwise) return step * roundUp(groups, kPanel) + group;
    const int64_t first = output / kPanel * kPanel;
    return group * groupFloats() + first * depth + step * width(first) + (output - first);
  }
};

}  // namespace minnow::kernels
