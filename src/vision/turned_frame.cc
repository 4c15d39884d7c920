// Gathering pixels: bytes first, then arithmetic on whole planes, which compilers vectorise.
#include "vision/turned_frame.h"

#include <cstring>
#include <utility>

#include "vision/yuv.h"

namespace minnow::vision {

namespace {

bool swapsAxes(Rotation rotation) {
  return rotation == Rotation::Clockwise90 || rotation == Rotation::Clockwise270;
}

/// Where a format keeps red, green and blue.
struct Offsets {
  int red, green, blue;
};

Offsets offsetsOf(PixelFormat format) {
  if (format == PixelFormat::Bgr || format == PixelFormat::Bgra) return {2, 1, 0};
  return {0, 1, 2};
}

/// Chroma samples: row r of Cb begins at cb + r * cbRowBytes, samples are `step` bytes apart.
struct Chroma {
  const uint8_t *cb, *cr;
  ptrdiff_t cbRowBytes, crRowBytes, step;
};

Chroma chromaOf(const ImageView& frame) {
  const auto& [first, second] = frame.chroma;
  if (frame.format == PixelFormat::I420)
    return {first.data, second.data, first.rowBytes, second.rowBytes, 1};
  const int cr = frame.format == PixelFormat::Nv12 ? 1 : 0;
  return {first.data + (1 - cr), first.data + cr, first.rowBytes, first.rowBytes, 2};
}

void toLuma(PixelPlanes& planes, int count) {  // BT.601, of red, green and blue
  auto& [r, g, b] = planes.bytes;
  for (int i = 0; i < count; ++i)
    r[i] = static_cast<uint8_t>((19595 * r[i] + 38470 * g[i] + 7471 * b[i] + 32768) >> 16);
}

void expandLuma(YuvCoefficients k, uint8_t* luma, int count) {
  for (int i = 0; i < count; ++i) luma[i] = fixedToByte(k.luma * (luma[i] - k.lumaOffset));
}

/// Y, Cb, Cr in the three planes become the model's first, second and third channel.
template <bool kBgr>
void toColours(YuvCoefficients k, PixelPlanes& planes, int count) {
  auto& [first, second, third] = planes.bytes;
  for (int i = 0; i < count; ++i) {
    const int32_t y = k.luma * (first[i] - k.lumaOffset), cb = second[i] - 128, cr = third[i] - 128;
    const uint8_t red = fixedToByte(y + k.redOfCr * cr), blue = fixedToByte(y + k.blueOfCb * cb);
    first[i] = kBgr ? blue : red;
    second[i] = fixedToByte(y - k.greenOfCb * cb - k.greenOfCr * cr);
    third[i] = kBgr ? red : blue;
  }
}

ByteRange rangeOf(const uint8_t* data, ptrdiff_t rowBytes, int step, const Rect& r) {
  const auto base = reinterpret_cast<intptr_t>(data);
  const intptr_t first = base + r.y * rowBytes, last = base + (r.y + r.height - 1) * rowBytes;
  return {std::min(first, last) + intptr_t{r.x} * step,
          std::max(first, last) + (intptr_t{r.x} + r.width) * step};
}

int rangesOf(const ImageView& frame, const Rect& r, ByteRange (&ranges)[3]) {
  ranges[0] = rangeOf(frame.data, frame.rowBytes, channelCount(frame.format), r);
  if (!isYuv420(frame.format)) return 1;
  const int x = r.x / 2, y = r.y / 2;
  const Rect half{x, y, (r.x + r.width - 1) / 2 - x + 1, (r.y + r.height - 1) / 2 - y + 1};
  const bool planar = frame.format == PixelFormat::I420;
  for (int i = 0; i < (planar ? 2 : 1); ++i)
    ranges[1 + i] = rangeOf(frame.chroma[i].data, frame.chroma[i].rowBytes, planar ? 1 : 2, half);
  return planar ? 3 : 2;
}

}  // namespace

TurnedFrame::TurnedFrame(const ImageView& frame, const Rect& crop, const Turn& turn,
                         ColourOrder order)
    : frame_(frame), order_(order), width_(crop.width), height_(crop.height) {
  const bool backX =
      turn.rotation == Rotation::Clockwise180 || turn.rotation == Rotation::Clockwise270;
  const bool backY =
      turn.rotation == Rotation::Clockwise180 || turn.rotation == Rotation::Clockwise90;
  x0_ = backX ? crop.x + crop.width - 1 : crop.x;
  y0_ = backY ? crop.y + crop.height - 1 : crop.y;
  const bool swapped = swapsAxes(turn.rotation);
  if (swapped) std::swap(width_, height_);
  (swapped ? xv_ : xu_) = backX ? -1 : 1;
  (swapped ? yu_ : yv_) = backY ? -1 : 1;
  if (!turn.mirror) return;
  x0_ += (width_ - 1) * xu_;
  y0_ += (width_ - 1) * yu_;
  xu_ = -xu_, yu_ = -yu_;
}

void TurnedFrame::read(int row, const int32_t* columns, int count, PixelPlanes& out) const {
  if (isYuv420(frame_.format)) {
    readYuv(row, columns, count, out);
  } else if (frame_.format == PixelFormat::Gray) {
    readLuma(row, columns, count, out.bytes[0]);
    for (int c = 1; c < channels(); ++c) std::memcpy(out.bytes[c], out.bytes[0], count);
  } else {
    readInterleaved(row, columns, count, out);
  }
}

void TurnedFrame::readInterleaved(int row, const int32_t* columns, int count,
                                  PixelPlanes& out) const {
  const int pixelBytes = channelCount(frame_.format);
  const ptrdiff_t step = xu_ * pixelBytes + yu_ * frame_.rowBytes;
  const uint8_t* base =
      frame_.data + y(0, row) * frame_.rowBytes + ptrdiff_t{x(0, row)} * pixelBytes;
  const Offsets at = offsetsOf(frame_.format);
  const bool bgr = order_ == ColourOrder::Bgr;
  const int first = bgr ? at.blue : at.red, third = bgr ? at.red : at.blue;
  for (int i = 0; i < count; ++i) {
    const uint8_t* p = base + columns[i] * step;
    out.bytes[0][i] = p[first];
    out.bytes[1][i] = p[1];
    out.bytes[2][i] = p[third];
  }
  if (order_ == ColourOrder::Gray) toLuma(out, count);
}

void TurnedFrame::readYuv(int row, const int32_t* columns, int count, PixelPlanes& out) const {
  const YuvCoefficients& k = coefficientsOf(frame_.colour);
  readLuma(row, columns, count, out.bytes[0]);
  if (order_ == ColourOrder::Gray) return expandLuma(k, out.bytes[0], count);
  readChroma(row, columns, count, out.bytes[1], out.bytes[2]);
  order_ == ColourOrder::Bgr ? toColours<true>(k, out, count) : toColours<false>(k, out, count);
}

void TurnedFrame::readLuma(int row, const int32_t* columns, int count, uint8_t* out) const {
  const ptrdiff_t step = xu_ + yu_ * frame_.rowBytes;
  const uint8_t* base = frame_.data + y(0, row) * frame_.rowBytes + x(0, row);
  for (int i = 0; i < count; ++i) out[i] = base[columns[i] * step];
}

void TurnedFrame::readChroma(int row, const int32_t* columns, int count, uint8_t* cb,
                             uint8_t* cr) const {
  const Chroma chroma = chromaOf(frame_);
  const int x0 = x(0, row), y0 = y(0, row);
  if (yu_ == 0) {  // along a row of the frame
    const uint8_t* cbRow = chroma.cb + (y0 / 2) * chroma.cbRowBytes;
    const uint8_t* crRow = chroma.cr + (y0 / 2) * chroma.crRowBytes;
    for (int i = 0; i < count; ++i) {
      const ptrdiff_t at = ((x0 + columns[i] * xu_) >> 1) * chroma.step;
      cb[i] = cbRow[at], cr[i] = crRow[at];
    }
    return;
  }
  const ptrdiff_t column = (x0 / 2) * chroma.step;
  for (int i = 0; i < count; ++i) {
    const ptrdiff_t y = (y0 + columns[i] * yu_) >> 1;
    cb[i] = chroma.cb[y * chroma.cbRowBytes + column];
    cr[i] = chroma.cr[y * chroma.crRowBytes + column];
  }
}

int TurnedFrame::bytesOf(int u0, int u1, int v0, int v1, ByteRange (&ranges)[3]) const {
  const auto [left, right] = std::minmax({x(u0, v0), x(u1, v1)});
  const auto [top, bottom] = std::minmax({y(u0, v0), y(u1, v1)});
  return rangesOf(frame_, {left, top, right - left + 1, bottom - top + 1}, ranges);
}

int bytesOfFrame(const ImageView& frame, ByteRange (&ranges)[3]) {
  return rangesOf(frame, {0, 0, frame.width, frame.height}, ranges);
}

void copyPixels(const TurnedFrame& from, const ImageView& to) {
  const int channels = channelCount(to.format);
  PixelPlanes pixels;
  int32_t columns[kMaxColumns];
  for (int x = 0; x < to.width; x += kMaxColumns) {
    const int count = std::min(kMaxColumns, to.width - x);
    for (int i = 0; i < count; ++i) columns[i] = x + i;
    for (int y = 0; y < to.height; ++y) {
      from.read(y, columns, count, pixels);
      auto* out = const_cast<uint8_t*>(to.data) + y * to.rowBytes + ptrdiff_t{x} * channels;
      for (int i = 0; i < count; ++i)
        for (int c = 0; c < channels; ++c) *out++ = pixels.bytes[c][i];
    }
  }
}

}  // namespace minnow::vision
