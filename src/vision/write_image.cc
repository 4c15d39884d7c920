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

/// From pixels to elements of one type: x = (pixel - mean) * scale.
class Elements {
 public:
  explicit Elements(const Conversion& to) : to_(to) {}

  /// Stores all channels of a piece of a row.
  virtual void storePiece(int row, int column, int count, const RowPiece& piece) const = 0;
  virtual void fill(int64_t channel, const Rect& rect, float x) const = 0;

 protected:
  ~Elements() = default;
  const Conversion& to_;
};

template <class Self, class T>
class ElementsOf : public Elements {
 public:
  using Elements::Elements;

  void storePiece(int row, int column, int count, const RowPiece& piece) const final {
    const Rect& picture = to_.target.picture;
    const int64_t stride = to_.target.columnStride;
    for (int c = 0; c < to_.frame.channels(); ++c) {
      T* out = to_.target.at<T>(c, picture.y + row, picture.x + column);
      const int32_t *upper = piece.upper[c], *lower = piece.lower[c];
      const int32_t weight = piece.weight;
      if (piece.bytes[c])
        self().storeBytes(c, out, stride, count, piece.bytes[c]);
      else
        self().store(c, out, stride, count, [=](int i) {
          const int32_t blended = upper[i] * kWeightOne + (lower[i] - upper[i]) * weight;
          return static_cast<float>(blended) * kBlendedUnit;
        });
    }
  }
  void fill(int64_t channel, const Rect& rect, float x) const final {
    const T value = self().ofNumber(x);
    for (int y = rect.y; y < rect.y + rect.height; ++y) {
      T* out = to_.target.at<T>(channel, y, rect.x);
      for (int i = 0; i < rect.width; ++i, out += to_.target.columnStride) *out = value;
    }
  }

 protected:
  ~ElementsOf() = default;

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

class Floats final : public ElementsOf<Floats, float> {
 public:
  using ElementsOf::ElementsOf;

  float ofNumber(float x) const { return x; }
  /// Stores value(i), a pixel's value, for a channel's piece of a row.
  template <class Value>
  void store(int channel, float* out, int64_t stride, int count, const Value& value) const {
    const float mean = to_.pre.mean[channel], scale = to_.pre.scale[channel];
    for (int i = 0; i < count; ++i) out[i * stride] = (value(i) - mean) * scale;
  }
  void storeBytes(int channel, float* out, int64_t stride, int count, const uint8_t* bytes) const {
    store(channel, out, stride, count, [=](int i) { return static_cast<float>(bytes[i]); });
  }
};

/// Of uint8 and int8: x / bytes.scale, rounded; pixels that nothing is blended of by a table.
class Bytes final : public ElementsOf<Bytes, uint8_t> {
 public:
  explicit Bytes(const Conversion& to)
      : ElementsOf(to),
        low_(static_cast<float>((to.target.view.type == DataType::Int8 ? -128 : 0) -
                                to.pre.bytes.zero)) {
    for (int c = 0; c < to.target.channels; ++c)
      store(c, tables_[c], 1, 256, [](int i) { return static_cast<float>(i); });
  }

  // Adding 1.5 * 2^23 leaves no fraction bits: the sum is rounded half to even, and its low bits are
  // those of the integer. Clamped before, as QuantizeLinear does, a NaN to the least.
  uint8_t ofNumber(float x) const {
    const ByteScale& bytes = to_.pre.bytes;
    const float q = x / bytes.scale, high = low_ + 255;
    const float above = q > low_ ? q : low_, inside = above < high ? above : high;
    return static_cast<uint8_t>(std::bit_cast<uint32_t>(inside + 12582912.0F) +
                                static_cast<uint32_t>(bytes.zero));
  }
  /// By way of a row of their own: a loop that stores side by side becomes vectors.
  template <class Value>
  void store(int channel, uint8_t* out, int64_t stride, int count, const Value& value) const {
    const float mean = to_.pre.mean[channel], scale = to_.pre.scale[channel];
    uint8_t row[kMaxColumns];
    for (int i = 0; i < count; ++i) row[i] = ofNumber((value(i) - mean) * scale);
    for (int i = 0; i < count; ++i) out[i * stride] = row[i];
  }
  void storeBytes(int channel, uint8_t* out, int64_t stride, int count,
                  const uint8_t* bytes) const {
    const uint8_t* table = tables_[channel];
    for (int i = 0; i < count; ++i) out[i * stride] = table[bytes[i]];
  }

 private:
  float low_;
  uint8_t tables_[3][256];
};

// What is not picture comes last: a frame in the tensor's memory may lie there.
void fillAround(const Conversion& to, const Elements& elements) {
  const Target& target = to.target;
  const PreProcess& pre = to.pre;
  const Rect& in = target.picture;
  const int width = static_cast<int>(target.width), height = static_cast<int>(target.height);
  const int right = in.x + in.width, below = in.y + in.height;
  for (int64_t c = 0; c < target.channels; ++c) {
    const float x = (pre.pad[c] - pre.mean[c]) * pre.scale[c];
    elements.fill(c, {0, 0, width, in.y}, x);
    elements.fill(c, {0, below, width, height - below}, x);
    elements.fill(c, {0, in.y, in.x, in.height}, x);
    elements.fill(c, {right, in.y, width - right, in.height}, x);
  }
  if (pre.alpha) elements.fill(target.channels, {0, 0, width, height}, *pre.alpha);
}

void writeApart(const Conversion& from, const Elements& to) {
  const Resize size = from.resize();
  RowSource rows(from.frame, size);
  for (int x = 0; x < size.width; x += kMaxColumns) {
    const int count = std::min(kMaxColumns, size.width - x);
    rows.setColumns(x, count);
    for (int y = 0; y < size.height; ++y) to.storePiece(y, x, count, rows.row(y));
  }
}

void writeInPlace(const Conversion& from, const Elements& to, const Order& order) {
  const Resize size = from.resize();
  const int pieces = (size.width + kMaxColumns - 1) / kMaxColumns;
  RowSource rows(from.frame, size);
  for (int i = 0; i < size.height; ++i) {
    const int y = order.rowsDescend ? size.height - 1 - i : i;
    for (int j = 0; j < pieces; ++j) {
      const int x = (order.columnsDescend ? pieces - 1 - j : j) * kMaxColumns;
      const int count = std::min(kMaxColumns, size.width - x);
      rows.setColumns(x, count);
      to.storePiece(y, x, count, rows.row(y));
    }
  }
}

void write(const Conversion& to, const std::optional<Route>& route, const Elements& elements) {
  if (!route)
    writeApart(to, elements);
  else
    writeInPlace(route->staged ? *route->staged : to, elements, route->order);
  fillAround(to, elements);
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
    write(*conversion, route, Floats(*conversion));
  else
    write(*conversion, route, Bytes(*conversion));
  return placementOf(*conversion);
}

}  // namespace

Result<Placement> writeImage(const ImageView& src, const PreProcess& pre, const TensorView& dst) {
  return guarded("writeImage", [&] { return convert(src, pre, dst); });
}

}  // namespace minnow::vision
