// Winograd's transforms of tiles (kernels/winograd.inc), on vectors over channels. Sums at a point
// are matrices of tiles by channels, so that products between transforms are those of panels.
#pragma once

#include <cstdint>

#include "kernels/winograd.h"

namespace minnow::kernels::simd {

/// Where the results of a tile go, and what happens to them before.
struct WinogradResults {
  float* output = nullptr;  ///< of the tile's upper left result
  int64_t rowStride = 0, pixelStride = 0;
  int firstRow = 0, endRow = 0, endColumn = 0;  ///< the results that are stored
  int64_t channels = 0;
  const float* bias = nullptr;  ///< as many floats as channels, rounded up to 4
  bool clamp = false;           ///< store min(max(x, low), high)
  float low = 0, high = 0;
};

struct WinogradTransforms {
  static constexpr int kPatch = WinogradAxis::kPatch, kPoints = kPatch * kPatch;
  /// Rows of points that weights are taken to at a time: of 0, a and -a, or of b, -b and infinity.
  static constexpr int kHalf = kPatch / 2;

  /// A patch of pixels, row-major, each by its channel 0, at all points: point p at to + p * step.
  /// Floats behind the last channel are written up to a multiple of 4, those of `between` as well:
  /// memory for 36 times as many.
  void (*inputs)(const float* const (&pixels)[kPoints], int64_t channels, float* between, float* to,
                 int64_t step);
  /// A panel of weights (nine taps of `channels` rows of `width` floats) at the points of half the
  /// rows of points: a panel of `channels` rows for each, at to + i * step.
  void (*taps)(int half, const float* panel, int64_t channels, int64_t width, float* to,
               int64_t step);
  /// A tile's sums at all points: point p at sums + p * step.
  void (*results)(const float* sums, int64_t step, const WinogradResults& to);
};

/// Of the best instruction set.
const WinogradTransforms& winogradTransforms();

}  // namespace minnow::kernels::simd
