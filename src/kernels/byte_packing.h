// Packing::I8x16: panels of 16 output channels of int8, four steps of depth of a channel side by
// side, which is what one instruction multiplies and adds where there is a dot product of bytes.
//
// First the sums int32 of all channels' weights (a zero point of x counts so often), 16 for every
// panel, so that a run reads them one after another; then the panels, 64 bytes for every four steps:
// byte c * 4 + i is step i of channel c. Depth and channels are filled up with zeros. With groups,
// each group begins a panel of its own. Depthwise weights are one block: the sums, then the channels
// of every tap, both filled up to 16.
#pragma once

#include <cstdint>

#include "ops/operator.h"

namespace minnow::kernels {

struct BytePanels {
  static constexpr int64_t kOutputs = 16, kSteps = 4;
  static constexpr int64_t kStepBytes = kOutputs * kSteps;

  int64_t groups, outputs, depth;
  bool depthwise;

  explicit BytePanels(const ops::WeightMatrices& w)
      : groups(w.groups()), outputs(w.outputs()), depth(w.depth()), depthwise(w.perChannel) {}

  static int64_t roundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
  int64_t steps() const { return roundUp(depth, kSteps) / kSteps; }         ///< of four
  int64_t panels() const { return roundUp(outputs, kOutputs) / kOutputs; }  ///< of a group
  int64_t panelBytes() const { return steps() * kStepBytes; }
  /// With what fills up.
  int64_t channels() const {
    return depthwise ? roundUp(groups, kOutputs) : groups * panels() * kOutputs;
  }
  int64_t sumBytes() const { return channels() * 4; }
  uint64_t bytes() const {
    return static_cast<uint64_t>(
        sumBytes() + (depthwise ? channels() * depth : groups * panels() * panelBytes()));
  }
  int64_t panelOffset(int64_t group, int64_t panel) const {
    return sumBytes() + (group * panels() + panel) * panelBytes();
  }
  /// The place of an output among all channels.
  int64_t channel(int64_t group, int64_t output) const {
    return depthwise ? group : group * panels() * kOutputs + output;
  }
  /// Where the weight of (group, output in the group, step) lies.
  int64_t offset(int64_t group, int64_t output, int64_t step) const {
    if (depthwise) return sumBytes() + channels() * step + group;
    return panelOffset(group, output / kOutputs) + step / kSteps * kStepBytes +
           output % kOutputs * kSteps + step % kSteps;
  }
};

}  // namespace minnow::kernels
