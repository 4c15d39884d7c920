// Packing::F32x16: panels of 16 output channels, the last panel narrowed to a multiple of 4.
//
// A matrix of `outputs` x `depth` (depth = ky, kx, input channel of the group, in that order, or K
// of a matrix product) is stored panel after panel; a panel holds `depth` rows of `width` floats,
// one row a depth step, so that a kernel broadcasts one input element against one row. Rows of the
// last panel are padded with zeros to a width that is a multiple of 4. With groups, each group is a
// matrix of its own, one after another. Depthwise weights (one input and one output channel a
// group) are a single block of [ky][kx][channels padded to 16].
//
// Packing::F16x16: the same with elements of float16, which readers widen: the value is float32 to
// everybody else.
#pragma once

#include <algorithm>
#include <cstdint>

#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::kernels {

inline constexpr int64_t kPanel = 16;

struct PanelShape {
  int64_t groups = 1;
  int64_t outputs = 0;  ///< output channels of one group
  int64_t depth = 0;
  bool depthwise = false;  ///< groups counts channels, outputs is 1 and depth is ky*kx

  static int64_t roundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
  uint64_t elements() const {
    return static_cast<uint64_t>((depthwise ? 1 : groups) * groupElements());
  }
  uint64_t bytes() const { return elements() * sizeof(float); }
  /// Of one group; of everything when depthwise.
  int64_t groupElements() const {
    return depthwise ? roundUp(groups, kPanel) * depth : roundUp(outputs, 4) * depth;
  }
  /// Width of the panel that starts at output channel `first`.
  int64_t width(int64_t first) const { return std::min(kPanel, roundUp(outputs, 4) - first); }
  /// Where the weight of (group, output in the group, depth step) lies, in elements.
  int64_t offset(int64_t group, int64_t output, int64_t step) const {
    if (depthwise) return step * stepElements(output) + group;
    const int64_t first = output / kPanel * kPanel;
    return group * groupElements() + first * depth + step * stepElements(output) + output - first;
  }
  /// From a step of an output to its next.
  int64_t stepElements(int64_t output) const {
    return depthwise ? roundUp(groups, kPanel) : width(output / kPanel * kPanel);
  }
};

/// True of both packings.
inline bool isInPanels(const TensorView& weights) {
  return weights.packing == Packing::F32x16 || weights.packing == Packing::F16x16;
}

inline PanelShape panelShape(const ops::WeightMatrices& weights) {
  return {weights.groups(), weights.outputs(), weights.depth(), weights.perChannel};
}
/// Of input 1 of an operator that has weights there.
inline PanelShape panelShape(const ops::Operator& op, const TensorView& weights) {
  return panelShape(*op.weightMatrices(1, weights.shape, weights.strides));
}

}  // namespace minnow::kernels
