// Instructions of a convolution of 3x3 on a phone's core with vectors of four, directly and in
// Winograd's tiles:
//
//   direct    a pixel and four outputs take 9 multiply-adds a channel
//   Winograd  a tile of 16 pixels takes 36 of them; besides, each tile's inputs are transformed once
//             for all outputs, its results once for all channels, and the weights once for every block
//             of tiles
//
// With 64 channels to 64 of 56x56 pixels, of a pixel and four outputs: 749 against 187 for products, 27 of their
// ends, 26 for inputs, 25 for results, 21 for weights. With 8 channels to 8: 94 against 23 and 27, 26, 25, 1: hardly
// less, at another error.
#pragma once

#include "minnow/tensor.h"

namespace minnow::passes {

inline constexpr double kInstructionsOfMultiplyAdd = 1.3;  // of four floats

struct WinogradCost {
  double channels = 0, outputs = 0, pixels = 0, tiles = 0;
  double calls = 1;  ///< strips that the output is made in

  WinogradCost(const TensorType& x, const TensorType& y);
  double direct() const;
  /// In tiles, weights aside.
  double inTiles() const;
  /// How often a run takes the weights to the points: once for each block of tiles.
  double passes() const;
  double transforms() const;
};

}  // namespace minnow::passes
