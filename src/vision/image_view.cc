// What a pixel format means in memory.
#include "minnow/image.h"

namespace minnow::vision {

int channelCount(PixelFormat format) {
  switch (format) {
    case PixelFormat::Gray:
    case PixelFormat::Nv12:
    case PixelFormat::Nv21:
    case PixelFormat::I420:
      return 1;
    case PixelFormat::Rgb:
    case PixelFormat::Bgr:
      return 3;
    case PixelFormat::Rgba:
    case PixelFormat::Bgra:
      return 4;
  }
  return 3;
}

bool isYuv420(PixelFormat format) {
  return format == PixelFormat::Nv12 || format == PixelFormat::Nv21 || format == PixelFormat::I420;
}

size_t frameBytes(int width, int height, PixelFormat format) {
  const size_t w = width, h = height;
  const size_t chroma = isYuv420(format) ? 2 * ((w + 1) / 2) * ((h + 1) / 2) : 0;
  return w * h * channelCount(format) + chroma;
}

ImageView ImageView::packed(const uint8_t* data, int width, int height, PixelFormat format) {
  ImageView view{data, width, height, ptrdiff_t{width} * channelCount(format), format};
  if (!isYuv420(format)) return view;
  const ptrdiff_t half = (width + 1) / 2;
  const uint8_t* chroma = data + view.rowBytes * height;
  if (format == PixelFormat::I420)
    view.chroma = {{{chroma, half}, {chroma + half * ((height + 1) / 2), half}}};
  else
    view.chroma[0] = {chroma, 2 * half};
  return view;
}

}  // namespace minnow::vision
