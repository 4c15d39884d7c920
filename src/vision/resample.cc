// Interpolating along x, in planes.
#include "vision/resample.h"

#include <algorithm>
#include <numeric>

namespace minnow::vision {

namespace {
// The difference of two bytes by a weight: a product of two 16-bit numbers, the widest that every
// vector unit has.
void blend(const uint8_t* a, const uint8_t* b, const int16_t* weight, int count, int32_t* out) {
  for (int i = 0; i < count; ++i)
    out[i] = a[i] * kWeightOne + static_cast<int16_t>(b[i] - a[i]) * weight[i];
}
}  // namespace

// Half-pixel centres: the source position of output i is ((2i + 1) * from - to) / (2 * to), here
// rounded to kWeightBits fraction bits.
Tap tapOf(int64_t i, int64_t from, int64_t to, Interpolation interpolation) {
  if (from == to) return {static_cast<int>(i), static_cast<int>(i), 0};
  if (interpolation == Interpolation::Nearest) {
    const int at = static_cast<int>((2 * i + 1) * from / (2 * to));
    return {at, at, 0};
  }
  const int64_t numerator = std::max<int64_t>(0, (2 * i + 1) * from - to);
  const int64_t position = (numerator * kWeightOne + to) / (2 * to);
  const int first = static_cast<int>(position >> kWeightBits);
  const int weight = static_cast<int>(position & (kWeightOne - 1));
  const int last = static_cast<int>(from - 1);
  if (first >= last) return {last, last, 0};
  return {first, weight == 0 ? first : first + 1, weight};
}

// The arrays are filled by setColumns() and fill(); clearing them first would cost 27 KB a picture.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
RowSource::RowSource(const TurnedFrame& frame, const Resize& resize)
    : frame_(frame),
      resize_(resize),
      sameSize_(resize.interpolation == Interpolation::Nearest ||
                (resize.width == frame.width() && resize.height == frame.height())) {}

void RowSource::setColumns(int begin, int count) {
  if (begin == begin_ && count == count_) return;
  begin_ = begin, count_ = count;
  for (Held& held : held_) held.source = -1;
  blendsColumns_ = false;
  if (frame_.width() == resize_.width) {  // in place, pieces of wide rows come here for every row
    std::iota(first_, first_ + count, begin);
    std::fill_n(weight_, count, int16_t{0});
    return;
  }
  for (int i = 0; i < count; ++i) {
    const Tap tap = tapOf(begin + i, frame_.width(), resize_.width, resize_.interpolation);
    first_[i] = tap.first, second_[i] = tap.second;
    weight_[i] = static_cast<int16_t>(tap.weight);
    blendsColumns_ = blendsColumns_ || tap.weight != 0;
  }
}

RowPiece RowSource::row(int outputRow) {
  const Tap tap = tapOf(outputRow, frame_.height(), resize_.height, resize_.interpolation);
  RowPiece piece{.weight = tap.weight};
  if (sameSize_) {
    frame_.read(tap.first, first_, count_, pixels_);
    for (int c = 0; c < frame_.channels(); ++c) piece.bytes[c] = pixels_.bytes[c];
    return piece;
  }
  const Held &upper = blended(tap.first), &lower = blended(tap.second);
  for (int c = 0; c < frame_.channels(); ++c)
    piece.upper[c] = upper.values[c], piece.lower[c] = lower.values[c];
  return piece;
}

const RowSource::Held& RowSource::blended(int sourceRow) {
  Held& slot = held_[sourceRow & 1];  // neighbours never take each other's place
  if (slot.source != sourceRow) fill(slot, sourceRow);
  return slot;
}

void RowSource::fill(Held& held, int sourceRow) {
  held.source = sourceRow;
  frame_.read(sourceRow, first_, count_, pixels_);
  if (blendsColumns_) frame_.read(sourceRow, second_, count_, neighbours_);
  const PixelPlanes& second = blendsColumns_ ? neighbours_ : pixels_;
  for (int c = 0; c < frame_.channels(); ++c)
    blend(pixels_.bytes[c], second.bytes[c], weight_, count_, held.values[c]);
}

}  // namespace minnow::vision
