// From sums in registers to bytes with AArch64's NEON behind a ReLU: the zero point is the least of all 256 numbers, so
// that saturation clamps, and 16 bits hold what is rounded. Other sums are stored, and storeSums() rounds them.
#pragma once

#if defined(__aarch64__) || defined(__ARM_NEON)
#include <arm_neon.h>

#include "kernels/simd/byte_rows.h"
#include "kernels/simd/byte_tile.h"

namespace minnow::kernels::simd {

#if defined(__aarch64__)
/// What becomes of sums, from some channel on. A tile's registers are all in use, so that what it needs is loaded where
/// it is needed.
class SumsEnd {
 public:
  /// Of none, sums stay sums.
  SumsEnd(const SumsToBytes* of, int64_t column) {
    if (!of) return;
    kind_ = of->to.rule == ops::QuantisationRule::TfliteFixed ? Kind::Fixed : Kind::Real;
    factors_ = of->factors + column, more_ = of->more + column;
    y_ = of->y + column;
    least_ = static_cast<uint8_t>(of->to.least);
  }
  static bool suits(const SumsToBytes& of) {
    return of.isNarrow && of.to.rule != ops::QuantisationRule::TfliteReal &&
           of.to.least == of.to.zero && of.to.most - of.to.least == 255;
  }
  bool areSums() const { return kind_ == Kind::Sums; }
  uint8_t* y() const { return y_; }

  /// The last bits of sums of some pixels become what they are rounded to.
  template <int kPixels, int kVectors>
  [[gnu::always_inline]] inline void round(int32x4_t (&sums)[kPixels][kVectors]) const {
    if (kind_ == Kind::Fixed)
      each(sums, [this](int v) {
        const int32x4_t by = vreinterpretq_s32_f32(vld1q_f32(factors_ + 4 * v));
        const int32x4_t shift = vreinterpretq_s32_f32(vld1q_f32(more_ + 4 * v));
        return [=](int32x4_t sum) { return vrshlq_s32(vqrdmulhq_s32(sum, by), shift); };
      });
    else
      each(sums, [this](int v) {
        // Behind a number of which 1 is the last place, the last bits are the integer: half to even.
        const float32x4_t by = vld1q_f32(factors_ + 4 * v), ones = vdupq_n_f32(0x1.8p23F);
        return [=](int32x4_t sum) {
          const float32x4_t product = vmulq_f32(vcvtq_f32_s32(sum), by);
          return vreinterpretq_s32_f32(vaddq_f32(product, ones));
        };
      });
  }
  /// Four rounded vectors.
  [[gnu::always_inline]] inline uint8x16_t bytes(int32x4_t a, int32x4_t b, int32x4_t c,
                                                 int32x4_t d) const {
    const uint8x16_t less = vqmovun_high_s16(vqmovun_s16(shorts(a, b)), shorts(c, d));
    return vaddq_u8(less, vld1q_dup_u8(&least_));
  }

 private:
  enum class Kind : uint8_t { Sums, Real, Fixed };

  template <int kPixels, int kVectors, class F>
  [[gnu::always_inline]] static inline void each(int32x4_t (&sums)[kPixels][kVectors], F&& of) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const auto rounded = of(v);
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) sums[p][v] = rounded(sums[p][v]);
    }
  }
  [[gnu::always_inline]] static inline int16x8_t shorts(int32x4_t a, int32x4_t b) {
    return vuzp1q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
  }

  Kind kind_ = Kind::Sums;
  uint8_t least_ = 0;
  const float *factors_ = nullptr, *more_ = nullptr;
  uint8_t* y_ = nullptr;
};

#else
/// Sums stay sums.
class SumsEnd {
 public:
  SumsEnd(const SumsToBytes*, int64_t) {}
  static bool suits(const SumsToBytes&) { return false; }
  static constexpr bool areSums() { return true; }
  static uint8_t* y() { return nullptr; }
  template <int kPixels, int kVectors>
  void round(int32x4_t (&)[kPixels][kVectors]) const {}
  static uint8x16_t bytes(int32x4_t, int32x4_t, int32x4_t, int32x4_t) { return {}; }
};
#endif

}  // namespace minnow::kernels::simd
#endif
