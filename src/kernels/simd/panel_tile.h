// The inner microkernel of convolutions and matrix products: a few output pixels by one or two
// panels of output channels, every element one chain of fused multiply-adds held in a register.
#pragma once

#include <cstdint>

#include "kernels/packing.h"
#include "ops/unary.h"

namespace minnow::kernels::simd {

/// A stretch of the reduction: pixel p of an output row multiplies input[p * step + c] for c in
/// [0, run) of the tile. A tap on padding points to zeros and has step 0.
struct TapRun {
  const float* input = nullptr;
  int64_t step = 0;
  int64_t depth = 0;  ///< the row of the panel that belongs to c = 0
};

struct PanelTile {
  const TapRun* taps = nullptr;  ///< at least one
  int64_t tapCount = 0;
  int64_t run = 0;                 ///< floats of every tap
  int64_t firstPixel = 0;          ///< of the output row, in the first tile
  const float* weights = nullptr;  ///< the panel's first row
  int64_t panelStride = 0;         ///< floats to the second panel of a pair
  const float* bias = nullptr;     ///< as many floats as the tile is wide, or none
  float* output = nullptr;         ///< of the first pixel
  int64_t outputStep = 0;          ///< floats from pixel to pixel
  int64_t outputs = 0;             ///< channels to store; fewer than the width on a last panel
  bool clamp = false;              ///< store min(max(x, low), high)
  float low = 0, high = 0;
  ops::Epilogue after;   ///< another function that it takes: alone, without a clamp
  bool inOrder = false;  ///< the core issues instructions in order

  /// True of functions of few instructions, which a tile applies to its sums. Others are applied to
  /// the stored rows, where the code is there once and not in every tile.
  static constexpr bool takes(ops::UnaryFn fn) {
#if defined(__arm__)
    return fn == ops::UnaryFn::Identity;
#else
    return fn == ops::UnaryFn::LeakyRelu || fn == ops::UnaryFn::HardSwish;
#endif
  }
};

/// Tiles of one width. run[n] computes several tiles of n pixels, one after another.
struct PanelTiles {
  static constexpr int kMaxPixels = 14;
  int width = 0;      ///< output channels; 0 if this instruction set has no such tile
  int maxPixels = 0;  ///< of a tile for which instructions are fewest
  int maxPixelsInOrder = 0;
  void (*run[kMaxPixels + 1])(const PanelTile&, int64_t tiles) = {};

  /// By lane, registers hold sums, four vectors of weights, and of most pixels two of input: a tile
  /// of 5 pixels by 4 vectors takes 15 loads for 160 multiply-adds, one of 6 pixels, which leaves two
  /// registers for weights, 28 for 192.
  static constexpr int mostByLane(int vectors) { return 9 - vectors; }
};

/// The tiles of the best instruction set: of 4, 8, 12, 16 channels, and of 32 (a pair of panels).
struct PanelTileSet {
  PanelTiles byWidth[4];
  PanelTiles pair;
  const PanelTiles& ofWidth(int64_t width) const { return byWidth[width / 4 - 1]; }
};

const PanelTileSet& panelTiles();

}  // namespace minnow::kernels::simd
