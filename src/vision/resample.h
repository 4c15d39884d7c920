// Rows of the turned picture, resized along x and kept while they are needed: what an output row is
// blended from. Weights have 11 bits, so a blended value is an integer below 2^30 and the same on
// every CPU, in whatever order it is computed.
#pragma once

#include "vision/turned_frame.h"

namespace minnow::vision {

constexpr int kWeightBits = 11;
constexpr int kWeightOne = 1 << kWeightBits;

/// One output position between two source positions: weight of the second, of kWeightOne. The
/// second is read only where it has a weight.
struct Tap {
  int first = 0, second = 0, weight = 0;
};

/// The input pixels that output position i is mixed from, where `from` pixels become `to`.
Tap tapOf(int64_t i, int64_t from, int64_t to, Interpolation interpolation);

/// A resized picture's size and how it is reached.
struct Resize {
  int width = 0, height = 0;
  Interpolation interpolation = Interpolation::Bilinear;
};

/// A range of an output row, channel by channel: bytes if nothing is blended, else two rows of
/// integers (kWeightOne times a byte), `weight` of kWeightOne belonging to the lower.
struct RowPiece {
  const uint8_t* bytes[3] = {};
  const int32_t *upper[3] = {}, *lower[3] = {};
  int weight = 0;
};

class RowSource {
 public:
  RowSource(const TurnedFrame& frame, const Resize& resize);

  /// Chooses output columns [begin, begin + count), at most kMaxColumns.
  void setColumns(int begin, int count);
  /// Everything an output row needs is read before this returns. Valid until the next call.
  RowPiece row(int outputRow);

 private:
  struct Held {
    int source = -1;
    int32_t values[3][kMaxColumns];
  };

  const Held& blended(int sourceRow);
  void fill(Held& held, int sourceRow);

  const TurnedFrame& frame_;
  const Resize resize_;
  const bool sameSize_;
  bool blendsColumns_ = false;
  int begin_ = -1, count_ = 0;
  int32_t first_[kMaxColumns], second_[kMaxColumns];
  int16_t weight_[kMaxColumns];
  PixelPlanes pixels_, neighbours_;
  Held held_[2];
};

}  // namespace minnow::vision
