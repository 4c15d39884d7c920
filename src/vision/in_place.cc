// Converting a frame where it lies. A piece of a row is read whole before it is written, so an
// order of pieces is safe if no piece is written over bytes that a later one reads. That is not
// proved for each kind of conversion but looked up, piece by piece, in addresses: formats, strides,
// resizing and padding then need no rules of their own.
#include <algorithm>

#include "base/guarded.h"
#include "vision/staging.h"

namespace minnow::vision {

namespace {

/// Positions first … last, none if last < first.
struct Span {
  int first = 0, last = -1;
  bool empty() const { return last < first; }
};

/// One order of pieces and what remains to be read in it.
class Walk {
 public:
  Walk(const Conversion& conversion, const Order& order)
      : c_(conversion), order_(order), size_(conversion.resize()) {}

  bool isSafe() const {
    for (int y = 0; y < size_.height; ++y)
      for (int x = 0; x < size_.width; x += kMaxColumns)
        if (!pieceIsSafe(y, x, std::min(kMaxColumns, size_.width - x))) return false;
    return true;
  }

 private:
  bool pieceIsSafe(int y, int x, int count) const {
    const Span sameRow = order_.columnsDescend ? Span{0, x - 1} : Span{x + count, size_.width - 1};
    const Span laterRows = order_.rowsDescend ? Span{0, y - 1} : Span{y + 1, size_.height - 1};
    return !overwrites(y, x, count, sameRow, {y, y}) &&
           !overwrites(y, x, count, {0, size_.width - 1}, laterRows);
  }

  /// True if the piece lies on something that these columns and rows are made of.
  bool overwrites(int y, int x, int count, const Span& columns, const Span& rows) const {
    if (columns.empty() || rows.empty()) return false;
    const Span u = source(columns, c_.frame.width(), size_.width, size_.interpolation);
    const Span v = source(rows, c_.frame.height(), size_.height, size_.interpolation);
    ByteRange planes[3];
    const int planeCount = c_.frame.bytesOf(u.first, u.last, v.first, v.last, planes);
    for (int64_t channel = 0; channel < c_.target.channels; ++channel) {
      const ByteRange written = c_.target.bytesOf(channel, y, x, count);
      for (int i = 0; i < planeCount; ++i)
        if (written.meets(planes[i])) return true;
    }
    return false;
  }

  static Span source(const Span& out, int from, int to, Interpolation interpolation) {
    return {tapOf(out.first, from, to, interpolation).first,
            tapOf(out.last, from, to, interpolation).second};
  }

  const Conversion& c_;
  const Order order_;
  const Resize size_;
};

std::optional<Order> safeOrder(const Conversion& conversion) {
  for (const Order order : {Order{true, true}, {false, false}, {true, false}, {false, true}})
    if (Walk(conversion, order).isSafe()) return order;
  return std::nullopt;
}

/// Memory that is all elements: what lies between them may be somebody's.
bool isDense(const Target& target) {
  const ByteRange bytes = target.bytes();
  return bytes.end - bytes.begin == static_cast<intptr_t>(target.view.bytes());
}

}  // namespace

bool overlaps(const Conversion& conversion) {
  ByteRange planes[3];
  const int count = bytesOfFrame(conversion.frame.frame(), planes);
  const ByteRange tensor = conversion.target.bytes();
  return std::any_of(planes, planes + count,
                     [&](const ByteRange& plane) { return tensor.meets(plane); });
}

std::optional<Route> safeRoute(const Conversion& conversion) {
  if (const auto order = safeOrder(conversion)) return Route{*order, {}};
  if (!isDense(conversion.target)) return std::nullopt;
  const ByteRange region = conversion.target.bytes(), present = hullOf(conversion.frame.frame());
  for (const Staging staging : {Staging::Spread, Staging::Upright}) {
    const intptr_t size = stagedBytes(conversion, staging);
    if (size == 0 || size > region.end - region.begin) continue;
    for (const intptr_t begin : {region.begin, region.end - size}) {
      if (present.meets({begin, begin + size})) continue;
      Conversion staged = stagedAt(conversion, staging, begin);
      if (const auto order = safeOrder(staged)) return Route{*order, staged};
    }
  }
  return std::nullopt;
}

namespace {

Result<ptrdiff_t> placeFrame(const ImageView& src, const PreProcess& pre, const TensorView& dst) {
  const Result<Conversion> conversion = prepare(src, pre, dst);
  if (!conversion) return passOn(conversion);
  const ByteRange frame = hullOf(src), region = conversion->target.bytes();
  const intptr_t size = frame.end - frame.begin;
  if (size > region.end - region.begin)
    return fail(ErrorCode::Unsupported, "the frame takes ", size, " bytes, the tensor ",
                region.end - region.begin, ": it needs memory of its own");
  for (const intptr_t begin : {region.begin, region.end - size}) {
    const Conversion there = movedBy(*conversion, begin - frame.begin);
    if (safeRoute(there))
      return reinterpret_cast<intptr_t>(there.frame.frame().data) -
             reinterpret_cast<intptr_t>(dst.data);
  }
  return fail(
      ErrorCode::Unsupported,
      "neither at the beginning nor at the end of the tensor's memory can the frame be read "
      "before it is overwritten: it needs memory of its own");
}

}  // namespace

Result<ptrdiff_t> framePlacement(const ImageView& src, const PreProcess& pre,
                                 const TensorView& dst) {
  return guarded("framePlacement", [&] { return placeFrame(src, pre, dst); });
}

}  // namespace minnow::vision
