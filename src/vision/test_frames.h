// Frames of any format and stride for tests, and what one pixel of them is, worked out the long
// way.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "minnow/image.h"

namespace minnow::vision {

inline constexpr PixelFormat kAllFormats[] = {
    PixelFormat::Gray, PixelFormat::Rgb,  PixelFormat::Bgr,  PixelFormat::Rgba,
    PixelFormat::Bgra, PixelFormat::Nv12, PixelFormat::Nv21, PixelFormat::I420};

inline uint8_t noiseByte(uint32_t i) {
  i = (i + 1) * 2654435761U;
  i ^= i >> 15;
  i *= 2246822519U;
  return static_cast<uint8_t>(i >> 13);
}

/// A frame with `gap` bytes of `poison` after every row and `2 * gap` between planes.
struct TestFrame {
  std::vector<uint8_t> bytes;
  ImageView view;

  TestFrame(int width, int height, PixelFormat format, int gap = 0, uint8_t poison = 0) {
    const int halfWidth = (width + 1) / 2, halfHeight = (height + 1) / 2;
    const bool i420 = format == PixelFormat::I420;
    const int rowBytes = width * channelCount(format), chromaBytes = (i420 ? 1 : 2) * halfWidth;
    const size_t chromaAt = static_cast<size_t>(rowBytes + gap) * height + 2 * gap;
    const size_t plane = static_cast<size_t>(chromaBytes + gap) * halfHeight + 2 * gap;
    const int planes = i420 ? 2 : (isYuv420(format) ? 1 : 0);
    bytes.assign(chromaAt + planes * plane, poison);
    view = {bytes.data(), width, height, rowBytes + gap, format};
    fill(0, rowBytes, height, rowBytes + gap);
    for (int i = 0; i < planes; ++i) {
      view.chroma[i] = {bytes.data() + chromaAt + i * plane, chromaBytes + gap};
      fill(chromaAt + i * plane, chromaBytes, halfHeight, chromaBytes + gap);
    }
  }
  TestFrame(const TestFrame&) = delete;

  void fill(size_t at, int rowBytes, int rows, int stride) {
    for (int y = 0; y < rows; ++y)
      for (int x = 0; x < rowBytes; ++x)
        bytes[at + static_cast<size_t>(y) * stride + x] = noiseByte(y * 4099 + x + at % 13);
  }

  /// The same frame, whose bytes begin elsewhere.
  ImageView movedTo(uint8_t* to) const {
    ImageView moved = view;
    moved.data = to + (view.data - bytes.data());
    for (ImageView::Plane& plane : moved.chroma)
      if (plane.data) plane.data = to + (plane.data - bytes.data());
    return moved;
  }
};

/// The formula of YuvColour in double, clamped and not rounded.
inline std::array<double, 3> yuvToRgb(int Y, int Cb, int Cr, const YuvColour& colour) {
  const bool hd = colour.matrix == YuvMatrix::Bt709, full = colour.range == YuvRange::Full;
  const double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114, kg = 1 - kr - kb;
  const double y = full ? Y / 255.0 : (Y - 16) / 219.0;
  const double b = (Cb - 128) / (full ? 255.0 : 224.0), r = (Cr - 128) / (full ? 255.0 : 224.0);
  const double red = y + 2 * (1 - kr) * r, blue = y + 2 * (1 - kb) * b;
  const double green = (y - kr * red - kb * blue) / kg;  // y is the luma of the colour
  std::array<double, 3> out{};
  for (int i = 0; const double c : {red, green, blue}) out[i++] = std::clamp(255 * c, 0.0, 255.0);
  return out;
}

/// Y, Cb, Cr of a pixel.
inline std::array<int, 3> yuvAt(const ImageView& f, int x, int y) {
  const int luma = f.data[y * f.rowBytes + x], half = x / 2;
  const uint8_t* row = f.chroma[0].data + (y / 2) * f.chroma[0].rowBytes;
  if (f.format == PixelFormat::Nv12) return {luma, row[2 * half], row[2 * half + 1]};
  if (f.format == PixelFormat::Nv21) return {luma, row[2 * half + 1], row[2 * half]};
  return {luma, row[half], f.chroma[1].data[(y / 2) * f.chroma[1].rowBytes + half]};
}

}  // namespace minnow::vision
