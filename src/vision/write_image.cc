// A picture into a tensor: pieces of rows, blended, normalised, stored through the strides. Pieces
// go down the picture column by column of pieces, so that source rows are resized once; a frame
// that lies in the tensor's memory is converted in the order that reads its pixels before writing
// there.
#include <algorithm>
#include <bit>

#include "base/guarded.h"
#include "base/threads.h"
#include "vision/staging.h"

namespace minnow::vision {

namespace {

constexpr float kBlendedUnit = 1.0F / (1 << (2 * kWeightBits));

template <class T>
T toElement(float x);
template <>
float toElement<float>(float x) {
  return x;
}
// Adding 2^23 leaves no fraction bits: the sum is rounded half to even, and its low bits are the
// integer.
template <>
uint8_t toElement<uint8_t>(float x) {
  const float low = x > 0 ? x : 0;  // and NaN
  const float inside = low < 255 ? low : 255;
  return static_cast<uint8_t>(std::bit_cast<uint32_t>(inside + 8388608.0F));
}

/// Stores value(i), a pixel's value as float32, for a channel's piece of a row.
template <class T, class Value>
void store(const Conversion& to, int channel, T* out, int count, const Value& value) {
  const float mean = to.pre.mean[channel], scale = to.pre.scale[channel];
  const int64_t stride = to.target.columnStride;
  for (int i = 0; i < count; ++i) out[i * stride] = toElement<T>((value(i) - mean) * scale);
}

template <class T>
void storePiece(const Conversion& to, int row, int column, int count, const RowPiece& piece) {
  const Rect& picture = to.target.picture;
  for (int c = 0; c < to.frame.channels(); ++c) {
    T* out = to.target.at<T>(c, picture.y + row, picture.x + column);
    const uint8_t* bytes = piece.bytes[c];
    const int32_t *upper = piece.upper[c], *lower = piece.lower[c];
    const int32_t weight = piece.weight;
    if (bytes)
      store(to, c, out, count, [=](int i) { return static_cast<float>(bytes[i]); });
    else
      store(to, c, out, count, [=](int i) {
        const int32_t blended = upper[i] * kWeightOne + (lower[i] - upper[i]) * weight;
        return static_cast<float>(blended) * kBlendedUnit;
      });
  }
}

template <class T>
void fillRect(const Target& target, int64_t channel, const Rect& rect, T value) {
  for (int y = rect.y; y < rect.y + rect.height; ++y) {
    T* out = target.at<T>(channel, y, rect.x);
    for (int x = 0; x < rect.width; ++x, out += target.columnStride) *out = value;
  }
}

// What is not picture comes last: a frame in the tensor's memory may lie there.
template <class T>
void fillAround(const Target& target, const PreProcess& pre) {
  const Rect& in = target.picture;
  const int width = static_cast<int>(target.width), height = static_cast<int>(target.height);
  const int right = in.x + in.width, below = in.y + in.height;
  for (int64_t c = 0; c < target.channels; ++c) {
    const T value = toElement<T>((pre.pad[c] - pre.mean[c]) * pre.scale[c]);
    fillRect(target, c, {0, 0, width, in.y}, value);
    fillRect(target, c, {0, below, width, height - below}, value);
    fillRect(target, c, {0, in.y, in.x, in.height}, value);
    fillRect(target, c, {right, in.y, width - right, in.height}, value);
  }
  if (pre.alpha) fillRect(target, target.channels, {0, 0, width, height}, toElement<T>(*pre.alpha));
}

template <class T>
void writeApart(const Conversion& to) {
  const Resize size = to.resize();
  RowSource rows(to.frame, size);
  for (int x = 0; x < size.width; x += kMaxColumns) {
    const int count = std::min(kMaxColumns, size.width - x);
    rows.setColumns(x, count);
    for (int y = 0; y < size.height; ++y) storePiece<T>(to, y, x, count, rows.row(y));
  }
}

template <class T>
void writeInPlace(const Conversion& to, const Order& order) {
  const Resize size = to.resize();
  const int pieces = (size.width + kMaxColumns - 1) / kMaxColumns;
  RowSource rows(to.frame, size);
  for (int i = 0; i < size.height; ++i) {
    const int y = order.rowsDescend ? size.height - 1 - i : i;
    for (int j = 0; j < pieces; ++j) {
      const int x = (order.columnsDescend ? pieces - 1 - j : j) * kMaxColumns;
      const int count = std::min(kMaxColumns, size.width - x);
      rows.setColumns(x, count);
      storePiece<T>(to, y, x, count, rows.row(y));
    }
  }
}

template <class T>
void write(const Conversion& to, const std::optional<Route>& route) {
  if (!route)
    writeApart<T>(to);
  else
    writeInPlace<T>(route->staged ? *route->staged : to, route->order);
  fillAround<T>(to.target, to.pre);
}

// Where the crop begins in the whole turned picture.
std::array<int, 2> turnedCorner(const Conversion& c) {
  const ImageView& src = c.frame.frame();
  const Turn turn = c.pre.turn;
  const int left = c.crop.x, top = c.crop.y;
  const int right = src.width - left - c.crop.width, bottom = src.height - top - c.crop.height;
  const int before[4] = {left, bottom, right, top}, above[4] = {top, left, bottom, right};
  const int quarters = static_cast<int>(turn.rotation);
  return {turn.mirror ? before[(quarters + 2) % 4] : before[quarters], above[quarters]};
}

Placement placementOf(const Conversion& c) {
  const Rect& picture = c.target.picture;
  const ImageView& src = c.frame.frame();
  Placement p{.turn = c.pre.turn, .width = src.width, .height = src.height};
  p.scaleX = static_cast<double>(picture.width) / c.frame.width();
  p.scaleY = static_cast<double>(picture.height) / c.frame.height();
  const auto [u, v] = turnedCorner(c);
  p.offsetX = picture.x - u * p.scaleX;
  p.offsetY = picture.y - v * p.scaleY;
  return p;
}

}  // namespace

std::array<double, 2> Placement::toPicture(double column, double row) const {
  double u = (column - offsetX) / scaleX;
  const double v = (row - offsetY) / scaleY;
  const bool sideways =
      turn.rotation == Rotation::Clockwise90 || turn.rotation == Rotation::Clockwise270;
  if (turn.mirror) u = (sideways ? height : width) - u;
  switch (turn.rotation) {
    case Rotation::None:
      return {u, v};
    case Rotation::Clockwise90:
      return {v, height - u};
    case Rotation::Clockwise180:
      return {width - u, height - v};
    case Rotation::Clockwise270:
      return {width - v, u};
  }
  return {u, v};
}

namespace {

Result<Placement> convert(const ImageView& src, const PreProcess& pre, const TensorView& dst) {
  const Result<Conversion> conversion = prepare(src, pre, dst);
  if (!conversion) return passOn(conversion);
  std::optional<Route> route;
  if (overlaps(*conversion)) {
    route = safeRoute(*conversion);
    if (!route)
      return fail(ErrorCode::Unsupported,
                  "the frame lies in the tensor's memory where its pixels would be overwritten "
                  "before they are read: put it where framePlacement says, or elsewhere");
    if (route->staged) stage(*conversion, *route->staged);
  }
  const base::DenormalsFlushed flushed;
  if (dst.type == DataType::Float32)
    write<float>(*conversion, route);
  else
    write<uint8_t>(*conversion, route);
  return placementOf(*conversion);
}

}  // namespace

Result<Placement> writeImage(const ImageView& src, const PreProcess& pre, const TensorView& dst) {
  return guarded("writeImage", [&] { return convert(src, pre, dst); });
}

}  // namespace minnow::vision
