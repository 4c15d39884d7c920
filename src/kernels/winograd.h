// What Winograd's kernels share: tiles of 4x4 results that are computed together from 6x6 inputs,
// numbered from the output's upper left corner. The arithmetic is in winograd.inc.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/conv.h"

namespace minnow::kernels {

struct WinogradAxis {
  static constexpr int kTile = ops::Conv::kWinogradTile;    ///< results of a tile
  static constexpr int kPatch = ops::Conv::kWinogradPatch;  ///< inputs that they are computed from

  int64_t outputs = 0;
  int64_t padding = 0;  ///< before the axis
  /// Inputs from here on count as zeros: beyond the axis, or under no window. A last tile may reach
  /// over them, whose results nobody wants; of 10 results with 9 to 11 in one tile, input 12.
  int64_t end = 0;

  WinogradAxis(const ops::SlidingWindow& window, int64_t inputs, int64_t results)
      : outputs(results),
        padding(window.padBegin),
        end(std::min(inputs, results - window.padBegin + 2)) {}

  int64_t tiles() const { return (outputs + kTile - 1) / kTile; }
  /// The input at `place` of a tile's patch, or -1 for a zero.
  int64_t input(int64_t tile, int64_t place) const {
    const int64_t at = tile * kTile - padding + place;
    return at < 0 || at >= end ? -1 : at;
  }
};

/// How many tiles a kernel takes at a time. Their inputs and sums at all 36 points are to stay in the
/// second cache of a phone's small cores; but the weights are transformed once for each such block,
/// which takes as long as some four tiles, so there are 18 at least.
struct WinogradBlock {
  static constexpr int kOutputs = 16;  ///< of which there are sums at a time
  static constexpr int64_t kFloats = 80 * 1024;
  static constexpr int64_t kLeastTiles = 18;
  static constexpr int64_t kTogether = 6;  ///< multiplied at a time, with registers for 6 x 16 sums

  static int64_t mostTiles(int64_t channels) {
    constexpr int64_t kPoints = WinogradAxis::kPatch * WinogradAxis::kPatch;
    const int64_t tiles = kFloats / (kPoints * (channels + kOutputs));
    return std::max(kLeastTiles, (tiles + kTogether / 2) / kTogether * kTogether);
  }
};

}  // namespace minnow::kernels
