// Checking what is asked for, and working out where the picture goes.
#include "vision/conversion.h"

#include <algorithm>
#include <limits>

namespace minnow::vision {

namespace {

constexpr int kMaxExtent = 1 << 20;  // keeps all of the arithmetic in range

bool fits(const ByteScale& bytes, DataType type) {
  using Limits = std::numeric_limits<float>;
  const int64_t fromLeast = int64_t{bytes.zero} + (type == DataType::Int8 ? 128 : 0);
  return type == DataType::Float32 ||
         (fromLeast >= 0 && fromLeast <= 255 && bytes.scale >= Limits::min() &&
          bytes.scale <= Limits::max());
}

Result<Target> findAxes(const PreProcess& pre, const TensorView& dst) {
  if (dst.missing) return fail(ErrorCode::NotFound, "no tensor for the picture: ", dst.missing);
  if (!dst.data)
    return fail(ErrorCode::InvalidArgument, "the tensor for the picture is empty: it has no data");
  if (dst.type != DataType::Float32 && dst.type != DataType::Uint8 && dst.type != DataType::Int8)
    return fail(ErrorCode::InvalidArgument,
                "a picture goes into a float32, uint8 or int8 tensor, not ", dst.type);
  if (!fits(pre.bytes, dst.type))
    return fail(ErrorCode::InvalidArgument,
                "PreProcess::bytes has no scale above 0, or a zero point that is no ", dst.type);
  const int rank = dst.shape.rank();
  if (rank < 3 || rank > 4 || (rank == 4 && dst.shape[0] != 1))
    return fail(ErrorCode::ShapeMismatch, "a picture goes into a tensor 1xCxHxW or 1xHxWxC, not ",
                dst.shape);
  Target target;
  target.view = dst;
  target.channels = pre.colour == ColourOrder::Gray ? 1 : 3;
  const int64_t wanted = target.channels + (pre.alpha ? 1 : 0);
  const int axis0 = rank - 3;
  const bool first = pre.channels == ChannelsAxis::First ||
                     (pre.channels == ChannelsAxis::Auto && dst.shape[axis0] == wanted);
  const int channelAxis = first ? axis0 : axis0 + 2, rowAxis = first ? axis0 + 1 : axis0;
  if (dst.shape[channelAxis] != wanted)
    return fail(ErrorCode::ShapeMismatch, "the tensor ", dst.shape, " has no axis of ", wanted,
                " channels where the picture's channels go");
  target.height = dst.shape[rowAxis];
  target.width = dst.shape[rowAxis + 1];
  if (std::min(target.width, target.height) < 1 ||
      std::max(target.width, target.height) > kMaxExtent)
    return fail(ErrorCode::ShapeMismatch, "no picture fits a tensor ", dst.shape);
  target.channelStride = dst.strides[channelAxis];
  target.rowStride = dst.strides[rowAxis];
  target.columnStride = dst.strides[rowAxis + 1];
  return target;
}

Rect placePicture(int64_t w, int64_t h, const PreProcess& pre, const Target& target) {
  const int64_t W = target.width, H = target.height;
  if (pre.fit == Fit::Stretch) return {0, 0, static_cast<int>(W), static_cast<int>(H)};
  const bool wide = W * h <= H * w;  // the width is what limits
  const int64_t width = wide ? W : std::clamp<int64_t>((2 * w * H + h) / (2 * h), 1, W);
  const int64_t height = wide ? std::clamp<int64_t>((2 * h * W + w) / (2 * w), 1, H) : H;
  const bool centre = pre.anchor == Anchor::Centre;
  return {static_cast<int>(centre ? (W - width) / 2 : 0),
          static_cast<int>(centre ? (H - height) / 2 : 0), static_cast<int>(width),
          static_cast<int>(height)};
}

Result<void> checkPlanes(const ImageView& src) {
  const bool planar = src.format == PixelFormat::I420;
  const bool missing =
      isYuv420(src.format) && (!src.chroma[0].data || (planar && !src.chroma[1].data));
  if (missing)
    return fail(ErrorCode::InvalidArgument, "the frame has no ",
                planar ? "two chroma planes" : "chroma plane",
                ": set ImageView::chroma, or use ImageView::packed");
  return {};
}

Result<Rect> checkCrop(const ImageView& src, const PreProcess& pre) {
  if (!src.data || src.width < 1 || src.height < 1)
    return fail(ErrorCode::InvalidArgument, "the picture is empty");
  if (std::max(src.width, src.height) > kMaxExtent)
    return fail(ErrorCode::InvalidArgument, "the picture is wider or higher than ", kMaxExtent);
  if (auto planes = checkPlanes(src); !planes) return passOn(planes);
  const Rect all{0, 0, src.width, src.height};
  const Rect crop = pre.crop.value_or(all);
  const bool inside = crop.x >= 0 && crop.y >= 0 && crop.width > 0 && crop.height > 0 &&
                      crop.width <= src.width - crop.x && crop.height <= src.height - crop.y;
  if (!inside)
    return fail(ErrorCode::InvalidArgument, "the crop ", crop.width, "x", crop.height, " at ",
                crop.x, ",", crop.y, " lies outside the picture of ", src.width, "x", src.height);
  return crop;
}

}  // namespace

ByteRange Target::bytes() const {
  const auto base = reinterpret_cast<intptr_t>(view.data);
  const auto size = static_cast<intptr_t>(elementSize(view.type));
  ByteRange range{base, base + size};
  for (int i = 0; i < view.shape.rank(); ++i) {
    const intptr_t reach = (view.shape[i] - 1) * view.strides[i] * size;
    (reach < 0 ? range.begin : range.end) += reach;
  }
  return range;
}

ByteRange Target::bytesOf(int64_t channel, int row, int column, int count) const {
  const auto size = static_cast<intptr_t>(elementSize(view.type));
  const intptr_t first = reinterpret_cast<intptr_t>(view.data) +
                         size * (channel * channelStride + (picture.y + row) * rowStride +
                                 (picture.x + column) * columnStride);
  const intptr_t last = first + size * (count - 1) * columnStride;
  return {std::min(first, last), std::max(first, last) + size};
}

Result<Conversion> prepare(const ImageView& src, const PreProcess& pre, const TensorView& dst) {
  const Result<Rect> crop = checkCrop(src, pre);
  if (!crop) return passOn(crop);
  Result<Target> target = findAxes(pre, dst);
  if (!target) return passOn(target);
  const TurnedFrame frame(src, *crop, pre.turn, pre.colour);
  target->picture = placePicture(frame.width(), frame.height(), pre, *target);
  return Conversion{pre, *crop, frame, *target};
}

}  // namespace minnow::vision
