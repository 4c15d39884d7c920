// A picture into a tensor, row by row: pixels in the model's channel order, interpolated along x
// (two source rows are kept), interpolated along y, normalised, stored through the strides.
// Weights have 11 bits, so a blended value is an integer below 2^30 and the same on every CPU.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "minnow/image.h"

namespace minnow::vision {

namespace {

constexpr int kWeightBits = 11;
constexpr int kWeightOne = 1 << kWeightBits;
constexpr float kBlendedUnit = 1.0F / (1 << (2 * kWeightBits));
constexpr int kMaxExtent = 1 << 20;  // keeps all of the arithmetic below in range

/// The tensor's axes by role, and where the picture lies in it.
struct Target {
  TensorView view;
  int64_t width = 0, height = 0, channels = 0;  // channels without alpha
  int64_t columnStride = 0, rowStride = 0, channelStride = 0;
  Rect picture;  // the part that the picture fills

  template <class T>
  T* at(int64_t channel, int64_t row, int64_t column) const {
    return view.as<T>() + channel * channelStride + row * rowStride + column * columnStride;
  }
};

/// One output position between two source positions: weight of the second, of kWeightOne.
struct Tap {
  int first = 0, second = 0, weight = 0;
};

// Half-pixel centres: source position of output i is ((2i + 1) * from - to) / (2 * to).
std::vector<Tap> makeTaps(int64_t from, int64_t to) {
  std::vector<Tap> taps(to);
  for (int64_t i = 0; i < to; ++i) {
    const int64_t numerator = std::max<int64_t>(0, (2 * i + 1) * from - to);
    const int64_t first = std::min(numerator / (2 * to), from - 1);
    const int64_t rest = numerator - first * 2 * to;
    const int64_t weight = (2 * rest * kWeightOne + 2 * to) / (4 * to);
    const bool last = first == from - 1;
    taps[i] = {static_cast<int>(first), static_cast<int>(last ? first : first + 1),
               last ? 0 : static_cast<int>(weight)};
  }
  return taps;
}

uint8_t luma(int r, int g, int b) {  // BT.601
  return static_cast<uint8_t>((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
}

/// Source pixels of one row in the model's channel order.
void orderRow(const ImageView& src, const Rect& crop, int row, ColourOrder order, uint8_t* out) {
  const int step = channelCount(src.format);
  const uint8_t* in = src.data + (crop.y + row) * src.rowBytes + ptrdiff_t{crop.x} * step;
  const bool gray = src.format == PixelFormat::Gray;
  const bool bgr = src.format == PixelFormat::Bgr || src.format == PixelFormat::Bgra;
  const int r = gray ? 0 : (bgr ? 2 : 0), g = gray ? 0 : 1, b = gray ? 0 : (bgr ? 0 : 2);
  for (int x = 0; x < crop.width; ++x, in += step) {
    if (order == ColourOrder::Gray) {
      *out++ = gray ? in[0] : luma(in[r], in[g], in[b]);
      continue;
    }
    const bool reverse = order == ColourOrder::Bgr;
    *out++ = in[reverse ? b : r];
    *out++ = in[g];
    *out++ = in[reverse ? r : b];
  }
}

/// The two source rows of the moment, already interpolated along x.
class BlendedRows {
 public:
  BlendedRows(const ImageView& src, const Rect& crop, ColourOrder order, const Target& target)
      : src_(src),
        crop_(crop),
        order_(order),
        channels_(static_cast<int>(target.channels)),
        taps_(makeTaps(crop.width, target.picture.width)),
        pixels_(static_cast<size_t>(crop.width) * channels_) {
    for (Row& row : rows_) row.values.resize(taps_.size() * channels_);
  }

  const int32_t* get(int row) {
    for (const Row& held : rows_)
      if (held.source == row) return held.values.data();
    Row& slot = rows_[row & 1];  // neighbours never take each other's place
    fill(slot, row);
    return slot.values.data();
  }

 private:
  struct Row {
    int source = -1;
    std::vector<int32_t> values;
  };

  void fill(Row& slot, int row) {
    orderRow(src_, crop_, row, order_, pixels_.data());
    slot.source = row;
    int32_t* out = slot.values.data();
    for (const Tap& tap : taps_) {
      const uint8_t* a = pixels_.data() + static_cast<ptrdiff_t>(tap.first) * channels_;
      const uint8_t* b = pixels_.data() + static_cast<ptrdiff_t>(tap.second) * channels_;
      for (int c = 0; c < channels_; ++c)
        *out++ = a[c] * (kWeightOne - tap.weight) + b[c] * tap.weight;
    }
  }

  const ImageView& src_;
  const Rect crop_;
  const ColourOrder order_;
  const int channels_;
  const std::vector<Tap> taps_;
  std::vector<uint8_t> pixels_;
  Row rows_[2];
};

template <class T>
T toElement(float x);
template <>
float toElement<float>(float x) {
  return x;
}
template <>
uint8_t toElement<uint8_t>(float x) {
  if (!(x > 0)) return 0;
  return x >= 255 ? 255 : static_cast<uint8_t>(std::nearbyint(x));
}

template <class T>
void storeRow(const Target& target, const PreProcess& pre, int row, const int32_t* upper,
              const int32_t* lower, int weight) {
  const auto channels = target.channels;
  const int64_t y = target.picture.y + row;
  for (int64_t c = 0; c < channels; ++c) {
    const float mean = pre.mean[c], scale = pre.scale[c];
    T* out = target.at<T>(c, y, target.picture.x);
    for (int x = 0; x < target.picture.width; ++x, out += target.columnStride) {
      const int64_t i = x * channels + c;
      const int32_t blended = upper[i] * (kWeightOne - weight) + lower[i] * weight;
      *out = toElement<T>((static_cast<float>(blended) * kBlendedUnit - mean) * scale);
    }
  }
}

template <class T>
void fillRect(const Target& target, int64_t channel, const Rect& rect, T value) {
  for (int y = rect.y; y < rect.y + rect.height; ++y) {
    T* out = target.at<T>(channel, y, rect.x);
    for (int x = 0; x < rect.width; ++x, out += target.columnStride) *out = value;
  }
}

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
void writeRows(const ImageView& src, const Rect& crop, const PreProcess& pre,
               const Target& target) {
  fillAround<T>(target, pre);
  BlendedRows rows(src, crop, pre.colour, target);
  const std::vector<Tap> taps = makeTaps(crop.height, target.picture.height);
  for (int y = 0; y < target.picture.height; ++y) {
    const int32_t* upper = rows.get(taps[y].first);
    const int32_t* lower = rows.get(taps[y].second);
    storeRow<T>(target, pre, y, upper, lower, taps[y].weight);
  }
}

Result<Target> findAxes(const PreProcess& pre, const TensorView& dst) {
  if (!dst.data || (dst.type != DataType::Float32 && dst.type != DataType::Uint8))
    return fail(ErrorCode::InvalidArgument, "a picture goes into a float32 or uint8 tensor, not ",
                dst.type);
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

Rect placePicture(const Rect& crop, const PreProcess& pre, const Target& target) {
  const int64_t W = target.width, H = target.height, w = crop.width, h = crop.height;
  if (pre.fit == Fit::Stretch) return {0, 0, static_cast<int>(W), static_cast<int>(H)};
  const bool wide = W * h <= H * w;  // the width is what limits
  const int64_t width = wide ? W : std::clamp<int64_t>((2 * w * H + h) / (2 * h), 1, W);
  const int64_t height = wide ? std::clamp<int64_t>((2 * h * W + w) / (2 * w), 1, H) : H;
  const bool centre = pre.anchor == Anchor::Centre;
  return {static_cast<int>(centre ? (W - width) / 2 : 0),
          static_cast<int>(centre ? (H - height) / 2 : 0), static_cast<int>(width),
          static_cast<int>(height)};
}

Result<Rect> checkCrop(const ImageView& src, const PreProcess& pre) {
  if (!src.data || src.width < 1 || src.height < 1)
    return fail(ErrorCode::InvalidArgument, "the picture is empty");
  if (std::max(src.width, src.height) > kMaxExtent)
    return fail(ErrorCode::InvalidArgument, "the picture is wider or higher than ", kMaxExtent);
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

Result<Placement> writeImage(const ImageView& src, const PreProcess& pre, const TensorView& dst) {
  const Result<Rect> crop = checkCrop(src, pre);
  if (!crop) return std::unexpected(crop.error());
  Result<Target> target = findAxes(pre, dst);
  if (!target) return std::unexpected(target.error());
  target->picture = placePicture(*crop, pre, *target);
  if (dst.type == DataType::Float32)
    writeRows<float>(src, *crop, pre, *target);
  else
    writeRows<uint8_t>(src, *crop, pre, *target);
  const double scaleX = static_cast<double>(target->picture.width) / crop->width;
  const double scaleY = static_cast<double>(target->picture.height) / crop->height;
  return Placement{scaleX, scaleY, target->picture.x - crop->x * scaleX,
                   target->picture.y - crop->y * scaleY};
}

}  // namespace minnow::vision
