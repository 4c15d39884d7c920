// From sums in registers to bytes with AArch64's NEON, where 16 bits hold what is rounded: behind a ReLU, where the zero
// point is the least of all 256 numbers, saturation clamps. Other sums are stored, and storeSums() rounds them.
#pragma once

#if defined(__aarch64__) || defined(__ARM_NEON)
#include <arm_neon.h>

#include "kernels/simd/byte_rows.h"
#include "kernels/simd/byte_tile.h"

namespace minnow::kernels::simd {

/// How sums end; the first two behind a ReLU.
enum class SumsEnd : uint8_t { RealPositive, FixedPositive, Real, Fixed, Sums };

#if defined(__aarch64__)
/// Takes sums to bytes, from some channel on. A tile's registers are all in use, so that what this needs is loaded where
/// it is needed.
class SumsToEnd {
 public:
  /// Of none, sums stay sums.
  SumsToEnd(const SumsToBytes* of, int64_t column) {
    if (!of) return;
    const Requantiser& to = of->to;
    const bool isFixed = to.rule == ops::QuantisationRule::TfliteFixed;
    if (to.least == to.zero && to.most - to.least == 255)
      end_ = isFixed ? SumsEnd::FixedPositive : SumsEnd::RealPositive;
    else
      end_ = isFixed ? SumsEnd::Fixed : SumsEnd::Real;
    factors_ = of->factors + column, more_ = of->more + column;
    y_ = of->y + column;
    zero_ = vdupq_n_s16(static_cast<int16_t>(to.zero - to.least));
    least_ = vdupq_n_u8(static_cast<uint8_t>(to.least));
    most_ = vdupq_n_u8(static_cast<uint8_t>(to.most - to.least));
  }
  static bool suits(const SumsToBytes& of) {
    return of.isNarrow && of.to.rule != ops::QuantisationRule::TfliteReal;
  }
  SumsEnd end() const { return end_; }
  uint8_t* y() const { return y_; }

  /// The last bits of sums of some pixels become what they are rounded to.
  template <SumsEnd kEnd, int kPixels, int kVectors>
  [[gnu::always_inline]] inline void round(int32x4_t (&sums)[kPixels][kVectors]) const {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const float32x4_t by = vld1q_f32(factors_ + 4 * v);
      const float32x4_t more = isFixed(kEnd) ? vld1q_f32(more_ + 4 * v) : by;
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) sums[p][v] = rounded<kEnd>(sums[p][v], by, more);
    }
  }
  /// Four rounded vectors.
  template <SumsEnd kEnd>
  [[gnu::always_inline]] inline uint8x16_t bytes(int32x4_t a, int32x4_t b, int32x4_t c,
                                                 int32x4_t d) const {
    int16x8_t low = shorts(a, b), high = shorts(c, d);
    if constexpr (!isPositive(kEnd)) low = vqaddq_s16(low, zero_), high = vqaddq_s16(high, zero_);
    uint8x16_t less = vqmovun_high_s16(vqmovun_s16(low), high);
    if constexpr (!isPositive(kEnd)) less = vminq_u8(less, most_);
    return vaddq_u8(less, least_);
  }

 private:
  static constexpr bool isPositive(SumsEnd end) { return end <= SumsEnd::FixedPositive; }
  static constexpr bool isFixed(SumsEnd end) {
    return end == SumsEnd::Fixed || end == SumsEnd::FixedPositive;
  }
  template <SumsEnd kEnd>
  [[gnu::always_inline]] static inline int32x4_t rounded(int32x4_t sum, float32x4_t by,
                                                         float32x4_t more) {
    if constexpr (isFixed(kEnd)) {  // as fixedTimesSmall() does
      const int32x4_t shift = vreinterpretq_s32_f32(more);
      int32x4_t high = vqrdmulhq_s32(sum, vreinterpretq_s32_f32(by));
      // Of what becomes 0 it does not matter how it is rounded.
      if constexpr (!isPositive(kEnd)) high = vsraq_n_s32(high, vandq_s32(high, shift), 31);
      return vrshlq_s32(high, shift);
    } else {  // behind a number of which 1 is the last place, the last bits are the integer: half to even
      const float32x4_t product = vmulq_f32(vcvtq_f32_s32(sum), by);
      return vreinterpretq_s32_f32(vaddq_f32(product, vdupq_n_f32(0x1.8p23F)));
    }
  }
  [[gnu::always_inline]] static inline int16x8_t shorts(int32x4_t a, int32x4_t b) {
    return vuzp1q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
  }

  SumsEnd end_ = SumsEnd::Sums;
  const float *factors_ = nullptr, *more_ = nullptr;
  uint8_t* y_ = nullptr;
  uint8x16_t least_{}, most_{};
  int16x8_t zero_{};
};
#else
/// Sums stay sums.
class SumsToEnd {
 public:
  SumsToEnd(const SumsToBytes*, int64_t) {}
  static bool suits(const SumsToBytes&) { return false; }
  static constexpr SumsEnd end() { return SumsEnd::Sums; }
  static uint8_t* y() { return nullptr; }
  template <SumsEnd, int kPixels, int kVectors>
  void round(int32x4_t (&)[kPixels][kVectors]) const {}
  template <SumsEnd>
  static uint8x16_t bytes(int32x4_t, int32x4_t, int32x4_t, int32x4_t) {
    return vdupq_n_u8(0);
  }
};
#endif

/// Calls one of store.template bytes<SumsEnd>() and store.sums().
template <class Store>
[[gnu::always_inline]] inline void endWith(SumsEnd end, const Store& store) {
  if (end == SumsEnd::RealPositive) return store.template bytes<SumsEnd::RealPositive>();
  if (end == SumsEnd::FixedPositive) return store.template bytes<SumsEnd::FixedPositive>();
  if (end == SumsEnd::Sums) return store.sums();
  if (end == SumsEnd::Real) return store.template bytes<SumsEnd::Real>();
  store.template bytes<SumsEnd::Fixed>();
}

#if defined(__aarch64__)
/// Rows of a panel as they end.
template <int kRows>
struct RowsOfSums {
  static constexpr int kVectors = BytePanels::kOutputs / 4;

  const SumsToEnd& end;
  int32x4_t (&all)[kRows][kVectors];
  const int64_t* places;
  int32_t* to;

  template <SumsEnd kEnd>
  [[gnu::always_inline]] inline void bytes() const {
    end.round<kEnd>(all);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r)
      vst1q_u8(end.y() + places[r], end.bytes<kEnd>(all[r][0], all[r][1], all[r][2], all[r][3]));
  }
  [[gnu::always_inline]] inline void sums() const {
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) vst1q_s32(to + r * kByteColumns + v * 4, all[r][v]);
  }
};
#endif

}  // namespace minnow::kernels::simd
#endif
