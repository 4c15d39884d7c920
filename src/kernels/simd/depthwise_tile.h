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
  ops::Epilogue after;  ///< as of PanelTile

  /// As of PanelTile, but that AArch64 has twice as many such tiles, with a small share of the sums.
  static constexpr bool takes(ops::UnaryFn fn) {
#if defined(__x86_64__) || defined(__i386__)
    return PanelTile::takes(fn);
#else
    return fn == ops::UnaryFn::Identity;
#endif
  }
};

struct DepthwiseTiles {
  static constexpr int kMaxPixels = 8;
  /// In a row of its own: AArch64, whose rows come in pairs, has but the last of an odd number there,
  /// and 9,000 bytes less.
#if defined(__aarch64__)
  static constexpr int kMaxSingle = 4;
#else
  static constexpr int kMaxSingle = kMaxPixels;
#endif
  using Fn = void (*)(const DepthwiseTile&);
  /// Fewer are for `any` alone.
  static constexpr int kLeastChannels = 4;
  /// By pixels: what computes a row of output or two. An input pixel is loaded once a row of output,
  /// or once for two.
  struct Rows {
    /// A tap is the first column of an input row for pixel 0, its step the distance between columns.
    /// Null where `border` serves for both.
    Fn inside[kMaxPixels + 1] = {};
    /// Columns may lie on padding: `columns` points to each input pixel, row by row (pixels - 1) *
    /// stride + kernel of them.
    Fn border[kMaxPixels + 1] = {};
  };
  /// Kernels of 3 or 5 adjacent columns, stride 1 or 2: rows[kernel == 5][stride == 2]; tapCount is
  /// the rows of the kernel.
  Rows rows[2][2];
  /// Two rows of output, kLeastPair pixels and more, under square kernels of one stride, so that
  /// there are kernel + stride input rows. Empty where the instruction set gains nothing by it.
  static constexpr int kLeastPair = 4;
  Rows pair[2][2];
  /// Any taps, one to four pixels: taps as of PanelTile.
  Fn any[5] = {};

  const Rows& single(int64_t kernel, int64_t stride) const {
    return rows[kernel == 5][stride == 2];
  }
  /// pair[…][…], or null where there are none.
  const Rows* pairs(int64_t kernel, int64_t stride) const {
    const Rows& all = pair[kernel == 5][stride == 2];
    return all.border[kLeastPair] ? &all : nullptr;
  }
};

const DepthwiseTiles& depthwiseTiles();

}  // namespace minnow::kernels::simd
