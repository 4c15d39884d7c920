// The inner kernels of depthwise convolution: a few output pixels over all channels, lanes running
// over channels.
#pragma once

#include <cstdint>

#include "kernels/simd/panel_tile.h"

namespace minnow::kernels::simd {

struct DepthwiseTile {
  const TapRun* taps = nullptr;  ///< see DepthwiseTiles
  int64_t tapCount = 0;
  const float* const* columns = nullptr;  ///< see DepthwiseTiles
  int64_t firstPixel = 0;
  const float* weights = nullptr;  ///< [tap][weightStep]
  int64_t weightStep = 0;
  const float* bias = nullptr;  ///< `channels` floats
  float* output = nullptr;
  int64_t outputStep = 0;
  int64_t outputRowStep = 0;  ///< to the second row of a pair
  int64_t channels = 0;
  bool clamp = false;  ///< store min(max(x, low), high)
  float low = 0, high = 0;
};

struct DepthwiseTiles {
  static constexpr int kMaxPixels = 8;
  using Fn = void (*)(const DepthwiseTile&);
  /// Fewer are for `any` alone.
  static constexpr int kLeastChannels = 4;
  /// Kernels of 3 or 5 adjacent columns, stride 1 or 2, that load every input pixel once a row:
  /// inside[kernel == 5][stride == 2][pixels]. A tap is the first column of a kernel row for pixel
  /// 0, its step the distance between columns. Null where `border` serves for both.
  Fn inside[2][2][kMaxPixels + 1] = {};
  /// The same where columns may lie on padding: `columns` points to each input pixel, tapCount rows
  /// of (pixels - 1) * stride + kernel.
  Fn border[2][2][kMaxPixels + 1] = {};
  /// Two rows of output, kLeastPair pixels and more, under square kernels of one stride: `columns`
  /// has kernel + stride rows. Null where the instruction set gains nothing by it.
  static constexpr int kLeastPair = 4;
  Fn pair[2][2][kMaxPixels + 1] = {};
  /// Any taps, one to four pixels: taps as of PanelTile.
  Fn any[5] = {};

  /// pair[…][…], or null where there are none.
  const Fn* pairs(int64_t kernel, int64_t stride) const {
    const Fn* all = pair[kernel == 5][stride == 2];
    return all[kLeastPair] ? all : nullptr;
  }
};

const DepthwiseTiles& depthwiseTiles();

}  // namespace minnow::kernels::simd
