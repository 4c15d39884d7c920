// Copies of a frame inside the tensor's memory. Addresses are integers until something is copied:
// most places are only asked about.
#include "vision/staging.h"

#include <algorithm>
#include <cstring>

namespace minnow::vision {

namespace {

const uint8_t* pointerTo(intptr_t address) {
  return reinterpret_cast<const uint8_t*>(address);  // NOLINT(performance-no-int-to-ptr)
}

const uint8_t* moved(const uint8_t* pointer, intptr_t bytes) {
  return pointer ? pointerTo(reinterpret_cast<intptr_t>(pointer) + bytes) : nullptr;
}

ImageView spreadAt(const ImageView& frame, intptr_t begin) {
  const ptrdiff_t rowBytes = frame.width + (frame.width + 1) / 2 * 2;
  ImageView out = frame;
  if (frame.format == PixelFormat::I420) out.format = PixelFormat::Nv12;
  out.data = pointerTo(begin);
  out.rowBytes = rowBytes;
  out.chroma = {{{pointerTo(begin + frame.width), 2 * rowBytes}, {}}};
  return out;
}

void spreadRows(const ImageView& from, const ImageView& to) {
  auto* luma = const_cast<uint8_t*>(to.data);
  for (int y = 0; y < from.height; ++y)
    std::memcpy(luma + y * to.rowBytes, from.data + y * from.rowBytes, from.width);
  const auto& [first, second] = from.chroma;
  const ptrdiff_t half = (from.width + 1) / 2;
  auto* pairs = const_cast<uint8_t*>(to.chroma[0].data);
  for (int y = 0; y < (from.height + 1) / 2; ++y, pairs += to.chroma[0].rowBytes) {
    const uint8_t* row = first.data + y * first.rowBytes;
    if (from.format != PixelFormat::I420) {
      std::memcpy(pairs, row, 2 * half);
      continue;
    }
    const uint8_t* cr = second.data + y * second.rowBytes;
    for (ptrdiff_t x = 0; x < half; ++x) pairs[2 * x] = row[x], pairs[2 * x + 1] = cr[x];
  }
}

PixelFormat uprightFormat(const Conversion& c) {
  const bool gray = c.frame.frame().format == PixelFormat::Gray;
  if (gray || c.pre.colour == ColourOrder::Gray) return PixelFormat::Gray;
  return c.pre.colour == ColourOrder::Bgr ? PixelFormat::Bgr : PixelFormat::Rgb;
}

ImageView uprightAt(const Conversion& c, intptr_t begin) {
  return ImageView::packed(pointerTo(begin), c.frame.width(), c.frame.height(), uprightFormat(c));
}

}  // namespace

ByteRange hullOf(const ImageView& frame) {
  ByteRange planes[3];
  const int count = bytesOfFrame(frame, planes);
  ByteRange hull = planes[0];
  for (int i = 1; i < count; ++i) {
    hull.begin = std::min(hull.begin, planes[i].begin);
    hull.end = std::max(hull.end, planes[i].end);
  }
  return hull;
}

intptr_t stagedBytes(const Conversion& c, Staging staging) {
  const ImageView& frame = c.frame.frame();
  if (staging == Staging::Upright) return hullOf(uprightAt(c, 0)).end;
  return isYuv420(frame.format) ? hullOf(spreadAt(frame, 0)).end : 0;
}

Conversion stagedAt(const Conversion& c, Staging staging, intptr_t begin) {
  if (staging == Staging::Spread) {
    const ImageView view = spreadAt(c.frame.frame(), begin);
    return {c.pre, c.crop, {view, c.crop, c.pre.turn, c.pre.colour}, c.target};
  }
  const ImageView view = uprightAt(c, begin);
  const Rect whole{0, 0, view.width, view.height};
  PreProcess pre = c.pre;
  pre.crop.reset();
  pre.turn = {};
  return {pre, whole, {view, whole, {}, pre.colour}, c.target};
}

void stage(const Conversion& from, const Conversion& staged) {
  const ImageView& to = staged.frame.frame();
  if (isYuv420(to.format))
    spreadRows(from.frame.frame(), to);
  else
    copyPixels(from.frame, to);
}

Conversion movedBy(const Conversion& c, intptr_t bytes) {
  ImageView view = c.frame.frame();
  view.data = moved(view.data, bytes);
  for (ImageView::Plane& plane : view.chroma) plane.data = moved(plane.data, bytes);
  return {c.pre, c.crop, {view, c.crop, c.pre.turn, c.pre.colour}, c.target};
}

}  // namespace minnow::vision
