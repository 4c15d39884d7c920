// Depthwise convolutions of bytes with NEON of any age: sixteen channels at a time, products of 16
// bits, those of two taps added, then to sums of 32. Rows of sixteen channels are copied first, with
// their padding and with the highest bit as it has to be, each once for all output rows that read it.
#include "kernels/simd/byte_depthwise.h"

#include "kernels/simd/byte_neon.h"

#if defined(__aarch64__) || defined(__ARM_NEON)

namespace minnow::kernels::simd {
namespace {

constexpr int64_t kLanes = 16, kPixels = 4;

/// Input rows of sixteen channels, as many as an output row reads.
class Slices {
 public:
  explicit Slices(const ConvShape& shape)
      : shape_(shape),
        width_((BytePanels::roundUp(shape.y.width, kPixels) - 1) * shape.windows[2].stride +
               shape.windows[2].reach()) {}
  int64_t rowBytes() const { return width_ * kLanes; }
  int64_t rows() const { return shape_.windows[0].kernel * shape_.windows[1].kernel; }
  size_t bytes() const { return static_cast<size_t>(rows() * rowBytes()); }

  /// Empties all for `channels` of x from `image` on.
  void begin(const uint8_t* image, int64_t channels, uint8_t flip, uint8_t blank, uint8_t* room) {
    image_ = image, channels_ = std::min(channels, kLanes), flip_ = flip, room_ = room;
    blank_ = blank ^ flip;
    std::memset(room_, blank_, bytes());
    std::fill_n(held_, rows(), kBlank);
  }
  /// Row `ky` of plane `kz` under the window at (z, row). What a window moves on by one row or two leaves
  /// some where they are.
  const int8_t* under(int64_t z, int64_t row, int64_t kz, int64_t ky) {
    const auto& [depths, heights, widths] = shape_.windows;
    const int64_t plane = depths.tapAt(z, kz), y = heights.tapAt(row, ky);
    const int64_t turn = heights.dilation == 1 ? (y + heights.padBegin) % heights.kernel : ky;
    const int64_t slot = kz * heights.kernel + turn;
    const bool exists =
        plane >= 0 && plane < shape_.x.depth && y >= 0 && y < shape_.x.height;
    uint8_t* to = room_ + slot * rowBytes();
    const int64_t wanted = exists ? plane * shape_.x.height + y : kBlank;
    if (held_[slot] != wanted) fill(plane, y, wanted != kBlank, to);
    held_[slot] = wanted;
    return reinterpret_cast<const int8_t*>(to);
  }

 private:
  static constexpr int64_t kBlank = -1;

  /// Padding at the sides stays as it is.
  void fill(int64_t plane, int64_t row, bool exists, uint8_t* to) const {
    const int64_t pad = shape_.windows[2].padBegin, first = std::max<int64_t>(-pad, 0);
    const int64_t count = std::min(shape_.x.width, width_ - pad) - first;
    if (count <= 0) return;
    to += (first + pad) * kLanes;
    if (!exists) return (void)std::memset(to, blank_, static_cast<size_t>(count * kLanes));
    const int64_t step = shape_.x.pixelStride;
    const uint8_t* from = image_ + plane * shape_.x.planeStride + row * shape_.x.rowStride +
                          first * step;
    if (channels_ < kLanes)
      return copyRuns({to, kLanes, from, step, count, channels_, flip_});
    const uint8x16_t flip = vdupq_n_u8(flip_);
    int64_t left = count;
    for (; left >= 2; left -= 2, from += 2 * step, to += 2 * kLanes) {
      const uint8x16_t a = veorq_u8(vld1q_u8(from), flip), b = veorq_u8(vld1q_u8(from + step), flip);
      vst1q_u8(to, a), vst1q_u8(to + kLanes, b);
    }
    if (left > 0) vst1q_u8(to, veorq_u8(vld1q_u8(from), flip));
  }

  const ConvShape& shape_;
  int64_t width_, channels_ = 0;
  const uint8_t* image_ = nullptr;
  uint8_t* room_ = nullptr;
  uint8_t flip_ = 0, blank_ = 0;
  int64_t held_[kMostByteTaps];
};

/// Sixteen channels of some rows. Parts of weights, all but always one, are between -127 and 127, so that
/// two products fit.
class DepthwiseStep {
  static constexpr int kMostParts = 3;

 public:
  DepthwiseStep(const ConvShape& shape, const DepthwiseChannels& work, int64_t channel, uint8_t* y)
      : work_(work),
        channel_(channel),
        xStep_(shape.windows[2].stride * kLanes),
        isSquare_(work.taps == 9 && shape.windows[2].kernel == 3 && shape.windows[2].dilation == 1 &&
                  shape.windows[2].stride <= 2),
        y_(y) {
    std::copy_n(work.start + channel, kLanes, start_);
    while (prepare(parts_++)) continue;
  }

  /// An output row of `width` pixels, whose results lie `yStep` bytes apart. More pixels are computed than
  /// stored: rows under taps are long enough.
  void addRow(const int8_t* const* taps, int64_t width, int64_t place, int64_t yStep) {
    for (int64_t pixel = 0; pixel < width;) {
      if (rows_ + kPixels > kRowsOfSums) store();
      const int64_t room = (kRowsOfSums - rows_) / kPixels * kPixels;
      const int64_t n = std::min(width - pixel, room);
#pragma GCC unroll 4
      for (int64_t p = 0; p < n; ++p, place += yStep) places_[rows_ + p] = place;
      addPixels(taps, pixel * xStep_, n, sums_ + rows_ * kByteColumns);
      rows_ += n, pixel += n;
    }
  }
  /// What has been computed so far.
  void store() {
    const int64_t columns = std::min(kLanes, work_.channels - channel_);
    if (work_.isReal)
      for (int64_t r = 0; r < rows_; ++r)
        std::copy_n(sums_ + r * kByteColumns, columns,
                    reinterpret_cast<int32_t*>(y_ + places_[r]) + channel_);
    else
      storeSums({sums_, work_.factors + channel_, work_.more + channel_, work_.to, work_.isSmall,
                 work_.ySigned, y_ + channel_, places_, rows_, columns, work_.isNarrow});
    rows_ = 0;
  }

 private:
  /// One part of all weights; true if it is not the last.
  bool prepare(int part) {
    const auto within = [](int16x8_t v, int parts) {
      const auto most = static_cast<int16_t>(127 * parts);
      return vmaxq_s16(vminq_s16(v, vdupq_n_s16(most)), vdupq_n_s16(static_cast<int16_t>(-most)));
    };
    const int16_t moved = work_.xSigned || part > 0 ? 0 : 128;  // by the flip
    int16x8_t left = {};
    int8_t* to = weights_ + part * work_.taps * kLanes;
    for (int64_t i = 0; i < 2 * work_.taps; ++i, to += 8) {
      const int8_t* from = work_.weights + i / 2 * work_.weightStep + channel_ + i % 2 * 8;
      const int16x8_t w = vsubq_s16(vmovl_s8(vld1_s8(from)), vdupq_n_s16(work_.wZero));
      const int16x8_t known = within(w, part), both = within(w, part + 1);
      vst1_s8(to, vmovn_s16(vsubq_s16(both, known)));
      left = vorrq_s16(left, vsubq_s16(w, both));
      int32_t* start = start_ + i % 2 * 8;
      vst1q_s32(start, vmlal_n_s16(vld1q_s32(start), vget_low_s16(w), moved));
      vst1q_s32(start + 4, vmlal_n_s16(vld1q_s32(start + 4), vget_high_s16(w), moved));
    }
    const auto any = vreinterpretq_u64_s16(left);
    return (vgetq_lane_u64(any, 0) | vgetq_lane_u64(any, 1)) != 0;
  }

  void addPixels(const int8_t* const* taps, int64_t at, int64_t count, int32_t* to) const {
#if defined(__aarch64__)
    if (isSquare_ && parts_ == 1)
      return xStep_ == kLanes ? addSquares<1>(taps, at, count, to)
                              : addSquares<2>(taps, at, count, to);
#endif
    for (; count > 0; count -= kPixels, at += kPixels * xStep_, to += kPixels * kByteColumns)
      addLot(taps, at, to);
  }
  /// Some pixels, which share what is loaded of taps and weights.
  void addLot(const int8_t* const* taps, int64_t at, int32_t* to) const {
    Sums sums[kPixels];
#pragma GCC unroll 4
    for (Sums& of : sums) load(start_, of);
    const int8_t* w = weights_;
    for (int part = parts_; part > 0; --part) {
      const int8_t* const* tap = taps;
      int64_t left = work_.taps - 2;
      for (; left >= 0; left -= 2, tap += 2, w += 2 * kLanes) addTaps<2>(tap, at, w, sums);
      if (left > -2) addTaps<1>(tap, at, w, sums), w += kLanes;
    }
#pragma GCC unroll 4
    for (const Sums& of : sums) keep(of, to), to += kByteColumns;
  }
  template <int kTaps>
  [[gnu::always_inline]] inline void addTaps(const int8_t* const* taps, int64_t at, const int8_t* w,
                                             Sums (&sums)[kPixels]) const {
    Products of[kPixels];
    const int8x16_t a = vld1q_s8(w), b = kTaps == 2 ? vld1q_s8(w + kLanes) : a;
#pragma GCC unroll 4
    for (int p = 0; p < kPixels; ++p) of[p] = products(a, vld1q_s8(taps[0] + at + p * xStep_));
    if constexpr (kTaps == 2)
#pragma GCC unroll 4
      for (int p = 0; p < kPixels; ++p) addProducts(b, vld1q_s8(taps[1] + at + p * xStep_), of[p]);
#pragma GCC unroll 4
    for (int p = 0; p < kPixels; ++p) addEach(of[p], sums[p], sums[p]);
  }
#if defined(__aarch64__)
  /// Three by three taps of two pixels at a time: all weights stay in registers, and pixels share columns.
  template <int kStride>
  void addSquares(const int8_t* const* taps, int64_t at, int64_t count, int32_t* to) const {
    const int8_t* rows[3] = {taps[0] + at, taps[3] + at, taps[6] + at};
    int8x16_t w[9];
#pragma GCC unroll 9
    for (int t = 0; t < 9; ++t) w[t] = vld1q_s8(weights_ + t * kLanes);
    Sums start;
    load(start_, start);
    for (; count > 0; count -= 2) {
      Columns<kStride> x(rows[0]);
      Sums a, b;
      Products ofA, ofB;
      const auto begin = [&](int tap) __attribute__((always_inline)) {
        ofA = products(w[tap], x.of[tap % 3]), ofB = products(w[tap], x.of[tap % 3 + kStride]);
      };
      const auto end = [&](int tap) __attribute__((always_inline)) {
        addProducts(w[tap], x.of[tap % 3], ofA), addProducts(w[tap], x.of[tap % 3 + kStride], ofB);
      };
      begin(0), end(1), addEach(ofA, start, a), addEach(ofB, start, b);
      begin(2), x = Columns<kStride>(rows[1]), end(3), addEach(ofA, a, a), addEach(ofB, b, b);
      begin(4), end(5), addEach(ofA, a, a), addEach(ofB, b, b);
      x = Columns<kStride>(rows[2]), begin(6), end(7), addEach(ofA, a, a), addEach(ofB, b, b);
      begin(8), addEach(ofA, a, a), addEach(ofB, b, b);
      keep(a, to), keep(b, to + kByteColumns);
      to += 2 * kByteColumns;
    }
  }
  /// Those of a row that two pixels read.
  template <int kStride>
  struct Columns {
    int8x16_t of[3 + kStride];

    [[gnu::always_inline]] explicit inline Columns(const int8_t*& row) {
      const TwoVectors a = loadTwo<0>(row), b = loadTwo<32>(row);
      of[0] = a.a, of[1] = a.b, of[2] = b.a, of[3] = b.b;
      if constexpr (kStride == 2) of[4] = vld1q_s8(row + 64);
      row += 2 * kStride * kLanes;
    }
  };
#endif
  // Without loops, which compilers unroll too late to keep sums in registers.
  [[gnu::always_inline]] static inline void load(const int32_t* from, Sums& sums) {
    sums = {vld1q_s32(from), vld1q_s32(from + 4), vld1q_s32(from + 8), vld1q_s32(from + 12)};
  }
  [[gnu::always_inline]] static inline void keep(const Sums& sums, int32_t* to) {
    vst1q_s32(to, sums.a), vst1q_s32(to + 4, sums.b);
    vst1q_s32(to + 8, sums.c), vst1q_s32(to + 12, sums.d);
  }

  const DepthwiseChannels& work_;
  int64_t channel_, xStep_;
  bool isSquare_;
  uint8_t* y_;
  int parts_ = 0;
  int32_t start_[kLanes];
  int8_t weights_[kMostParts * kMostByteTaps * kLanes];
  int64_t rows_ = 0, places_[kRowsOfSums];
  int32_t sums_[kRowsOfSums * kByteColumns];
};

}  // namespace

size_t sliceBytes(const ConvShape& shape) { return Slices(shape).bytes(); }

/// The last step overlaps the one before, if there is one: channels computed twice come out alike.
void convolveSlices(const ConvShape& shape, const DepthwiseChannels& channels,
                    const SliceRows& rows, std::byte* scratch) {
  Slices slices(shape);
  const auto& [depths, heights, widths] = shape.windows;
  const int64_t last = std::max<int64_t>(channels.channels - kLanes, 0);
  for (int64_t c = 0; c < channels.channels; c += kLanes) {
    const int64_t channel = std::min(c, last);
    slices.begin(rows.x + channel, channels.channels - channel, channels.xSigned ? 0 : 0x80,
                 rows.blank, reinterpret_cast<uint8_t*>(scratch));
    DepthwiseStep step(shape, channels, channel, rows.y);
    for (int64_t row = rows.first; row < rows.end; ++row) {
      const int8_t *taps[kMostByteTaps], **tap = taps;
      for (int64_t kz = 0; kz < depths.kernel; ++kz)
        for (int64_t ky = 0; ky < heights.kernel; ++ky) {
          const int8_t* at = slices.under(rows.plane, row, kz, ky);
          for (int64_t kx = 0; kx < widths.kernel; ++kx, at += widths.dilation * kLanes) *tap++ = at;
        }
      step.addRow(taps, shape.y.width,
                  (rows.plane * shape.y.planeStride + row * shape.y.rowStride) * rows.ySize,
                  shape.y.pixelStride * rows.ySize);
    }
    step.store();
  }
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
size_t sliceBytes(const ConvShape&) { return 0; }
void convolveSlices(const ConvShape&, const DepthwiseChannels&, const SliceRows&, std::byte*) {}
}  // namespace minnow::kernels::simd
#endif
