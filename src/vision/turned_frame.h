// A frame's pixels as they lie after cropping and turning, whatever the format: read a few of a row
// at a time into planes of bytes, in the channel order that a model expects.
#pragma once

#include <utility>

#include "minnow/image.h"

namespace minnow::vision {

/// Most columns that are read and written at once: below it a tensor's row is one piece.
constexpr int kMaxColumns = 640;

/// Up to kMaxColumns pixels, one plane a channel.
struct PixelPlanes {
  uint8_t bytes[3][kMaxColumns];
};

/// Addresses [begin, end).
struct ByteRange {
  intptr_t begin = 0, end = 0;
  bool meets(const ByteRange& other) const { return begin < other.end && other.begin < end; }
};

/// Pixel (u, v) of the turned picture is pixel (x0 + u*xu + v*xv, y0 + u*yu + v*yv) of the frame.
class TurnedFrame {
 public:
  /// The crop lies inside the frame, which has all its planes.
  TurnedFrame(const ImageView& frame, const Rect& crop, const Turn& turn, ColourOrder order);

  int width() const { return width_; }
  int height() const { return height_; }
  int channels() const { return order_ == ColourOrder::Gray ? 1 : 3; }
  const ImageView& frame() const { return frame_; }
  /// Column and row of the frame's pixel that is pixel (u, v).
  std::pair<int, int> source(int u, int v) const { return {x(u, v), y(u, v)}; }

  /// Pixels (columns[i], row) for i < count.
  void read(int row, const int32_t* columns, int count, PixelPlanes& out) const;

  /// What lies in memory between the first and the last byte of a rectangle, u and v inclusive: a
  /// range for each plane. Returns their number.
  int bytesOf(int u0, int u1, int v0, int v1, ByteRange (&ranges)[3]) const;

 private:
  int x(int u, int v) const { return x0_ + u * xu_ + v * xv_; }
  int y(int u, int v) const { return y0_ + u * yu_ + v * yv_; }
  void readInterleaved(int row, const int32_t* columns, int count, PixelPlanes& out) const;
  void readYuv(int row, const int32_t* columns, int count, PixelPlanes& out) const;
  void readLuma(int row, const int32_t* columns, int count, uint8_t* out) const;
  void readChroma(int row, const int32_t* columns, int count, uint8_t* cb, uint8_t* cr) const;

  ImageView frame_;
  ColourOrder order_;
  int width_, height_;
  int x0_ = 0, y0_ = 0, xu_ = 0, xv_ = 0, yu_ = 0, yv_ = 0;
};

/// Writes all its pixels, as bytes in the model's order, into a view of the turned size: the memory
/// of Gray (the first channel alone) or of a format of three.
void copyPixels(const TurnedFrame& from, const ImageView& to);

/// All of a frame's memory, a range for each plane. Returns their number.
int bytesOfFrame(const ImageView& frame, ByteRange (&ranges)[3]);

}  // namespace minnow::vision
