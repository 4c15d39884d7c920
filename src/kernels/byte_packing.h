// Packing::I8x16: panels of 16 output channels of int8, four steps of depth of a channel side by
// side, which is what one instruction multiplies and adds where there is a dot product of bytes.
//
// A panel is 16 sums int32 of a channel's weights (a zero point of x counts so often), then 64
// bytes for every four steps: byte c * 4 + i is step i of channel c. Depth and channels are filled
// up with zeros. With groups, each group begins a panel of its own. Depthwise weights are one block:
// the sums of all channels, then the channels of every tap, both filled up to 16.
#pragma once

#include <cstdint>

#include "ops/operator.h"

namespace minnow::kernels {

struct BytePanels {
  static constexpr int64_t kOutputs = 16, kSteps = 4;
  static constexpr int64_t kSumBytes = kOutputs * 4, kStepBytes = kOutputs * kSteps;

  int64_t groups, outputs, depth;
  bool depthwise;

  explicit BytePanels(const ops::WeightMatrices& w)
      : groups(w.groups()), outputs(w.outputs()), depth(w.depth()), depthwise(w.perChannel) {}

  static int64_t roundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
  int64_t steps() const { return roundUp(depth, kSteps) / kSteps; }         ///< of four
  int64_t panels() const { return roundUp(outputs, kOutputs) / kOutputs; }  ///< of a group
  int64_t panelBytes() const { return kSumBytes + steps() * kStepBytes; }
  int64_t groupBytes() const { return panels() * panelBytes(); }
  int64_t channels() const { return roundUp(groups, kOutputs); }  ///< of depthwise weights
  uint64_t bytes() const {
    return static_cast<uint64_t>(depthwise ? channels() * (4 + depth) : groups * groupBytes());
  }
  /// Where the weight of (group, output in the group, step) lies.
  int64_t offset(int64_t group, int64_t output, int64_t step) const {
    if (depthwise) return channels() * (4 + step) + group;
    return group * groupBytes() + output / kOutputs * panelBytes() + kSumBytes +
           step / kSteps * kStepBytes + output % kOutputs * kSteps + step % kSteps;
  }
  /// Where the sum of an output's weights lies.
  int64_t sumOffset(int64_t group, int64_t output) const {
    if (depthwise) return group * 4;
    return group * groupBytes() + output / kOutputs * panelBytes() + output % kOutputs * 4;
  }
};

}  // namespace minnow::kernels
