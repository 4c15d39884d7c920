// Depthwise convolutions of bytes with NEON of any age: sixteen channels at a time, products of 16
// bits, those of two taps added, then to sums of 32. Rows of sixteen channels are copied first, with
// their padding and with the highest bit as it has to be, each once for all output rows that read it.
#include "kernels/simd/byte_depthwise.h"

#include "kernels/simd/byte_neon.h"
#include "kernels/simd/byte_rounding_neon.h"

#if defined(__aarch64__) || defined(__ARM_NEON)

namespace minnow::kernels::simd {
namespace {

constexpr int64_t kLanes = 16, kPixels = 4;

/// Three by three taps of pixels side by side, or of every other one.
bool isSquare(const ConvShape& shape) {
  const ops::SlidingWindow& along = shape.windows[2];
  return shape.taps() == 9 && along.kernel == 3 && along.dilation == 1 && along.stride <= 2;
}
bool hasDots() { return byteTiles().sums != byteTilesNeon().sums; }

/// Of sixteen channels four columns each, side by side: what the dot product adds at once.
struct Quads {
  int8x16_t of[4];

  Quads(const int8x16x2_t& ab, const int8x16x2_t& cd) {
    for (int half = 0; half < 2; ++half) {
      const int16x8x2_t four =
          vzipq_s16(vreinterpretq_s16_s8(ab.val[half]), vreinterpretq_s16_s8(cd.val[half]));
      of[2 * half] = vreinterpretq_s8_s16(four.val[0]);
      of[2 * half + 1] = vreinterpretq_s8_s16(four.val[1]);
    }
  }
  void store(void* to) const {
    for (int i = 0; i < 4; ++i) vst1q_s8(static_cast<int8_t*>(to) + i * kLanes, of[i]);
  }
  static constexpr int64_t kBytes = 4 * kLanes;
};

/// Input rows of sixteen channels, as many as an output row reads; with the dot product as quads of columns
/// from every other one on.
class Slices {
 public:
  explicit Slices(const ConvShape& shape)
      : shape_(shape),
        pixels_(BytePanels::roundUp(shape.y.width, kPixels)),
        width_((pixels_ - 1) * shape.windows[2].stride + shape.windows[2].reach()),
        rowBytes_(width_ * kLanes) {
    if (isSquare(shape) && hasDots()) rowBytes_ = std::max(rowBytes_, quads() * Quads::kBytes);
  }
  int64_t rows() const { return shape_.windows[0].kernel * shape_.windows[1].kernel; }
  size_t bytes() const { return static_cast<size_t>(rows() * rowBytes_ + plainBytes()); }

  /// Empties all for `channels` of x from `image` on.
  void begin(const uint8_t* image, int64_t channels, uint8_t flip, uint8_t blank, bool asQuads,
             uint8_t* room) {
    asQuads_ = asQuads, image_ = image, channels_ = std::min(channels, kLanes), flip_ = flip,
    room_ = room;
    blank_ = blank ^ flip;
    std::memset(room_, blank_, bytes());
    std::fill_n(held_, rows(), kBlank);
  }
  /// Where what lies under the taps of an output row begins. What a window moves on by one row or two leaves
  /// some where they are.
  void findTaps(int64_t z, int64_t row, const int8_t** taps) {
    const auto& [depths, heights, widths] = shape_.windows;
    const int64_t kernel = heights.kernel;
    const int64_t turn = heights.dilation == 1 ? row * heights.stride % kernel : 0;
    for (int64_t kz = 0; kz < depths.kernel; ++kz)
      for (int64_t ky = 0; ky < kernel; ++ky) {
        const int64_t turned = ky + turn < kernel ? ky + turn : ky + turn - kernel;
        const int8_t* at = held(depths.tapAt(z, kz), heights.tapAt(row, ky), kz * kernel + turned);
        for (int64_t kx = 0; kx < widths.kernel; ++kx, at += widths.dilation * kLanes) *taps++ = at;
      }
  }

 private:
  static constexpr int64_t kBlank = -1;

  int64_t quads() const { return pixels_ / 2 * shape_.windows[2].stride; }
  int64_t plainBytes() const { return (width_ + 1) * kLanes; }  // quads read a column more

  const int8_t* held(int64_t plane, int64_t row, int64_t slot) {
    const bool exists = plane >= 0 && plane < shape_.x.depth && row >= 0 && row < shape_.x.height;
    const int64_t wanted = exists ? plane * shape_.x.height + row : kBlank;
    uint8_t* to = room_ + slot * rowBytes_;
    if (held_[slot] != wanted) fill(plane, row, exists, to);
    held_[slot] = wanted;
    return reinterpret_cast<const int8_t*>(to);
  }
  void fill(int64_t plane, int64_t row, bool exists, uint8_t* to) const {
    if (!exists) return (void)std::memset(to, blank_, static_cast<size_t>(rowBytes_));
    uint8_t* plain = asQuads_ ? room_ + rows() * rowBytes_ : to;
    copyRow(image_ + plane * shape_.x.planeStride + row * shape_.x.rowStride, plain);
    if (asQuads_) makeQuads(reinterpret_cast<const int8_t*>(plain), to);
  }
  /// What lies between the padding, which stays as it is.
  void copyRow(const uint8_t* from, uint8_t* to) const {
    const int64_t pad = shape_.windows[2].padBegin, first = std::max<int64_t>(-pad, 0);
    const int64_t count = std::min(shape_.x.width, width_ - pad) - first;
    const int64_t step = shape_.x.pixelStride;
    to += (first + pad) * kLanes, from += first * step;
    if (channels_ < kLanes) return copyRuns({to, kLanes, from, step, count, channels_, flip_});
    const uint8x16_t flip = vdupq_n_u8(flip_);
    const auto next = [&]() __attribute__((always_inline)) {
      const uint8x16_t pixel = veorq_u8(vld1q_u8(from), flip);
      from += step;
      return pixel;
    };
    int64_t left = count;
    for (; left >= 4; left -= 4, to += 4 * kLanes) {
      const uint8x16_t a = next(), b = next(), c = next(), d = next();
      vst1q_u8(to, a), vst1q_u8(to + kLanes, b);
      vst1q_u8(to + 2 * kLanes, c), vst1q_u8(to + 3 * kLanes, d);
    }
    for (; left > 0; --left, to += kLanes) vst1q_u8(to, next());
  }
  void makeQuads(const int8_t* columns, uint8_t* to) const {
    int8x16x2_t left = vzipq_s8(vld1q_s8(columns), vld1q_s8(columns + kLanes));
    for (int64_t quad = quads(); quad > 0; --quad, to += Quads::kBytes) {
      columns += 2 * kLanes;
      const int8x16x2_t right = vzipq_s8(vld1q_s8(columns), vld1q_s8(columns + kLanes));
      Quads(left, right).store(to);
      left = right;
    }
  }

  const ConvShape& shape_;
  int64_t pixels_, width_, rowBytes_, channels_ = 0;
  bool asQuads_ = false;
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
        stride_(shape.windows[2].stride),
        isSquare_(isSquare(shape)),
        y_(y),
        bytes_(toBytes(nullptr, 0)),
        end_(storesBytes() ? &bytes_ : nullptr, 0) {
    std::copy_n(work.start + channel, kLanes, start_);
    while (prepare(parts_++)) continue;
    isSquare_ = isSquare_ && parts_ == 1;  // others are few
#if defined(__aarch64__)
    if (isSquare_ && hasDots()) prepareQuads();
#endif
  }
  bool readsQuads() const { return readsQuads_; }

  /// An output row of `width` pixels, whose results lie `yStep` bytes apart. More pixels are computed than
  /// stored: rows under taps are long enough.
  void addRow(const int8_t* const* taps, int64_t width, int64_t place, int64_t yStep) {
    if (end_.end() != SumsEnd::Sums)
      return addPixels(taps, 0, width, {nullptr, end_.y() + place, yStep});
    for (int64_t pixel = 0; pixel < width;) {
      if (rows_ + kPixels > kRowsOfSums) store();
      const int64_t room = (kRowsOfSums - rows_) / kPixels * kPixels;
      const int64_t n = std::min(width - pixel, room);
#pragma GCC unroll 4
      for (int64_t p = 0; p < n; ++p, place += yStep) places_[rows_ + p] = place;
      addPixels(taps, pixel * xStep(), n, {sums_ + rows_ * kByteColumns, nullptr, 0});
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
      storeSums(toBytes(sums_, columns));
    rows_ = 0;
  }

 private:
  /// Where results of pixels go: all as sums, or those that exist as bytes.
  struct Results {
    int32_t* sums;
    uint8_t* y;
    int64_t yStep;
  };

  bool storesBytes() const {
    return work_.channels >= kLanes && !work_.isReal && SumsToEnd::suits(bytes_);
  }
  SumsToBytes toBytes(const int32_t* sums, int64_t columns) const {
    return {sums,
            work_.factors + channel_,
            work_.more + channel_,
            work_.to,
            work_.isSmall,
            work_.ySigned,
            y_ + channel_,
            places_,
            rows_,
            columns,
            work_.isNarrow};
  }
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

  int64_t xStep() const { return stride_ * (readsQuads_ ? Quads::kBytes / 2 : kLanes); }
  void addPixels(const int8_t* const* taps, int64_t at, int64_t count, Results to) const {
#if defined(__aarch64__)
    if (readsQuads_)
      return stride_ == 1 ? addQuads<1>(taps, at, count, to) : addQuads<2>(taps, at, count, to);
    if (isSquare_)
      return stride_ == 1 ? addSquares<1>(taps, at, count, to) : addSquares<2>(taps, at, count, to);
#endif
    for (; count > 0; count -= kPixels, at += kPixels * xStep()) addLot(taps, at, count, to);
  }
  /// Some pixels, which share what is loaded of taps and weights.
  void addLot(const int8_t* const* taps, int64_t at, int64_t count, Results& to) const {
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
    keep(sums, count, to);
  }
  template <int kTaps>
  [[gnu::always_inline]] inline void addTaps(const int8_t* const* taps, int64_t at, const int8_t* w,
                                             Sums (&sums)[kPixels]) const {
    Products of[kPixels];
    const int8x16_t a = vld1q_s8(w), b = kTaps == 2 ? vld1q_s8(w + kLanes) : a;
#pragma GCC unroll 4
    for (int p = 0; p < kPixels; ++p) of[p] = products(a, vld1q_s8(taps[0] + at + p * xStep()));
    if constexpr (kTaps == 2)
#pragma GCC unroll 4
      for (int p = 0; p < kPixels; ++p) addProducts(b, vld1q_s8(taps[1] + at + p * xStep()), of[p]);
#pragma GCC unroll 4
    for (int p = 0; p < kPixels; ++p) addEach(of[p], sums[p], sums[p]);
  }
#if defined(__aarch64__)
  /// Three by three taps of two pixels at a time: all weights stay in registers, and pixels share columns.
  template <int kStride>
  void addSquares(const int8_t* const* taps, int64_t at, int64_t count, Results to) const {
    const int8_t* rows[3] = {taps[0] + at, taps[3] + at, taps[6] + at};
    int8x16_t w[9];
#pragma GCC unroll 9
    for (int t = 0; t < 9; ++t) w[t] = vld1q_s8(weights_ + t * kLanes);
    Sums start;
    load(start_, start);
    for (; count > 0; count -= 2) {
      Columns<kStride> x(rows[0]);
      Sums both[2], &a = both[0], &b = both[1];
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
      keep(both, count, to);
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

  /// Weights of a row of taps and none; then of none and the row, for the pixel to the right.
  void prepareQuads() {
    readsQuads_ = true;
    const int8x16_t none = {};
    for (int row = 0; row < 3; ++row) {
      const int8_t* w = weights_ + row * 3 * kLanes;
      const int8x16_t a = vld1q_s8(w), b = vld1q_s8(w + kLanes), c = vld1q_s8(w + 2 * kLanes);
      Quads(vzipq_s8(a, b), vzipq_s8(c, none)).store(quads_ + row * Quads::kBytes);
      Quads(vzipq_s8(none, a), vzipq_s8(b, c)).store(quads_ + (3 + row) * Quads::kBytes);
    }
  }
  /// Three by three taps of two pixels at a time.
  template <int kStride>
  MINNOW_DOT void addQuads(const int8_t* const* taps, int64_t at, int64_t count, Results to) const {
    const int8_t* rows[3] = {taps[0] + at, taps[3] + at, taps[6] + at};
    int8x16_t w[12];
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) w[i] = vld1q_s8(quads_ + i * kLanes);
    for (; count > 0; count -= 2) {
      Sums both[2], &a = both[0], &b = both[1];
      load(start_, a), load(start_, b);
#pragma GCC unroll 3
      for (int row = 0; row < 3; ++row) {
        const TwoVectors high = loadTwo<32>(rows[row]);
        const TwoVectors low = loadTwoThen<Quads::kBytes>(rows[row]);
        addDots(low.a, w[row * 4], a.a), addDots(low.b, w[row * 4 + 1], a.b);
        addDots(high.a, w[row * 4 + 2], a.c), addDots(high.b, w[row * 4 + 3], a.d);
        if constexpr (kStride == 1) {
          const int8_t* right = quads_ + (3 + row) * Quads::kBytes;
          const TwoVectors wLow = loadTwo<0>(right), wHigh = loadTwo<32>(right);
          addDots(low.a, wLow.a, b.a), addDots(low.b, wLow.b, b.b);
          addDots(high.a, wHigh.a, b.c), addDots(high.b, wHigh.b, b.d);
        } else {
          const TwoVectors nextHigh = loadTwo<32>(rows[row]);
          const TwoVectors next = loadTwoThen<Quads::kBytes>(rows[row]);
          addDots(next.a, w[row * 4], b.a), addDots(next.b, w[row * 4 + 1], b.b);
          addDots(nextHigh.a, w[row * 4 + 2], b.c), addDots(nextHigh.b, w[row * 4 + 3], b.d);
        }
      }
      keep(both, count, to);
    }
  }
#endif
  // Without loops, which compilers unroll too late to keep sums in registers.
  [[gnu::always_inline]] static inline void load(const int32_t* from, Sums& sums) {
    sums = {vld1q_s32(from), vld1q_s32(from + 4), vld1q_s32(from + 8), vld1q_s32(from + 12)};
  }
  template <int kCount>
  struct Store {
    const SumsToEnd& end;
    const Sums (&all)[kCount];
    int64_t count;
    Results& to;

    template <SumsEnd kEnd>
    [[gnu::always_inline]] inline void bytes() const {
      int32x4_t of[kCount][4];
#pragma GCC unroll 4
      for (int p = 0; p < kCount; ++p)
        of[p][0] = all[p].a, of[p][1] = all[p].b, of[p][2] = all[p].c, of[p][3] = all[p].d;
      end.round<kEnd>(of);
#pragma GCC unroll 4
      for (int p = 0; p < kCount; ++p, to.y += to.yStep)
        if (p < count) vst1q_u8(to.y, end.bytes<kEnd>(of[p][0], of[p][1], of[p][2], of[p][3]));
    }
    [[gnu::always_inline]] inline void sums() const {
#pragma GCC unroll 4
      for (const Sums& of : all) {
        vst1q_s32(to.sums, of.a), vst1q_s32(to.sums + 4, of.b);
        vst1q_s32(to.sums + 8, of.c), vst1q_s32(to.sums + 12, of.d);
        to.sums += kByteColumns;
      }
    }
  };
  template <int kCount>
  [[gnu::always_inline]] inline void keep(const Sums (&sums)[kCount], int64_t count,
                                          Results& to) const {
    endWith(end_.end(), Store<kCount>{end_, sums, count, to});
  }

  const DepthwiseChannels& work_;
  int64_t channel_, stride_, rows_ = 0;
  bool isSquare_, readsQuads_ = false;
  uint8_t* y_;
  SumsToBytes bytes_;
  SumsToEnd end_;
  int parts_ = 0;
  int32_t start_[kLanes];
  int8_t weights_[kMostParts * kMostByteTaps * kLanes], quads_[6 * Quads::kBytes];
  int64_t places_[kRowsOfSums];
  int32_t sums_[kRowsOfSums * kByteColumns];
};

}  // namespace

size_t sliceBytes(const ConvShape& shape) { return Slices(shape).bytes(); }

/// The last step overlaps the one before, if there is one: channels computed twice come out alike.
void convolveSlices(const ConvShape& shape, const DepthwiseChannels& channels,
                    const SliceRows& rows, std::byte* scratch) {
  Slices slices(shape);
  const int64_t last = std::max<int64_t>(channels.channels - kLanes, 0);
  for (int64_t c = 0; c < channels.channels; c += kLanes) {
    const int64_t channel = std::min(c, last);
    DepthwiseStep step(shape, channels, channel, rows.y);
    slices.begin(rows.x + channel, channels.channels - channel, channels.xSigned ? 0 : 0x80,
                 rows.blank, step.readsQuads(), reinterpret_cast<uint8_t*>(scratch));
    for (int64_t row = rows.first; row < rows.end; ++row) {
      const int8_t* taps[kMostByteTaps];
      slices.findTaps(rows.plane, row, taps);
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
