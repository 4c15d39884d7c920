// The tile of bytes with NEON of any age: eight products of 16 bits, those of two steps of four added
// where that surely fits, then in pairs to sums of 32. A sum lies in two lanes until the end.
#include "kernels/simd/byte_tile_rows.h"

#if defined(__aarch64__) || defined(__ARM_NEON)
#include <arm_neon.h>

#include <cstring>

namespace minnow::kernels::simd {
namespace {

#if defined(__aarch64__)
constexpr int kNeonRows = 2;  // 16 sums of 32 registers
#else
constexpr int kNeonRows = 1;
#endif

inline int32x4_t pairsTogether(int32x4_t a, int32x4_t b) {
  return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)),
                      vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
}

/// Eight products, of the first halves and of the second ones.
struct Products {
  int16x8_t low, high;
};

#if defined(__aarch64__)
// Instructions in the order in which they stand here: compilers multiply everything before they add
// it up, for which there are not enough registers.
inline Products products(int8x16_t w, int8x16_t x) {
  Products p;
  __asm__ volatile("smull %0.8h, %1.8b, %2.8b" : "=w"(p.low) : "w"(w), "w"(x));
  __asm__ volatile("smull2 %0.8h, %1.16b, %2.16b" : "=w"(p.high) : "w"(w), "w"(x));
  return p;
}
inline void addProducts(int8x16_t w, int8x16_t x, Products& p) {
  __asm__ volatile("smlal %0.8h, %1.8b, %2.8b" : "+w"(p.low) : "w"(w), "w"(x));
  __asm__ volatile("smlal2 %0.8h, %1.16b, %2.16b" : "+w"(p.high) : "w"(w), "w"(x));
}
inline void addPairs(const Products& p, int32x4_t (&sum)[2]) {
  __asm__ volatile("sadalp %0.4s, %1.8h" : "+w"(sum[0]) : "w"(p.low));
  __asm__ volatile("sadalp %0.4s, %1.8h" : "+w"(sum[1]) : "w"(p.high));
}
#else
inline Products products(int8x16_t w, int8x16_t x) {
  return {vmull_s8(vget_low_s8(w), vget_low_s8(x)), vmull_s8(vget_high_s8(w), vget_high_s8(x))};
}
inline void addProducts(int8x16_t w, int8x16_t x, Products& p) {
  p.low = vmlal_s8(p.low, vget_low_s8(w), vget_low_s8(x));
  p.high = vmlal_s8(p.high, vget_high_s8(w), vget_high_s8(x));
}
inline void addPairs(const Products& p, int32x4_t (&sum)[2]) {
  sum[0] = vpadalq_s16(sum[0], p.low), sum[1] = vpadalq_s16(sum[1], p.high);
}
#endif

/// Of `Together` steps, 1 or 2, products are added in 16 bits.
template <int Rows, int Together>
struct NeonTile {
  static constexpr int kVectors = 4;
  using Sums = int32x4_t[Rows][kVectors][2];

  static void run(const ByteTile& tile) {
    Sums sums;
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v][0] = sums[r][v][1] = vdupq_n_s32(0);
    const int8_t* w = reinterpret_cast<const int8_t*>(tile.panels);
    const uint8_t* x = tile.x;
    int64_t step = 0;
    for (; step + Together <= tile.steps; step += Together) {
      add<Together>(tile, x, w, sums);
      x += Together * BytePanels::kSteps;
      w += Together * BytePanels::kStepBytes;
    }
    if (step < tile.steps) add<1>(tile, x, w, sums);
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        vst1q_s32(
            tile.sums + r * kByteColumns + v * 4,
            vaddq_s32(pairsTogether(sums[r][v][0], sums[r][v][1]), vld1q_s32(tile.start + v * 4)));
  }

 private:
  template <int Steps>
  static inline void add(const ByteTile& tile, const uint8_t* x, const int8_t* w, Sums& sums) {
    int8x16_t four[Rows][Steps];
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
      for (int s = 0; s < Steps; ++s) {
        uint32_t bytes;
        std::memcpy(&bytes, x + r * tile.rowStep + s * BytePanels::kSteps, sizeof bytes);
        four[r][s] = vreinterpretq_s8_u32(vdupq_n_u32(bytes ^ tile.flip));
      }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int8x16_t first = vld1q_s8(w + v * 16);
      Products of[Rows];
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) of[r] = products(first, four[r][0]);
      if constexpr (Steps == 2) {
        const int8x16_t second = vld1q_s8(w + BytePanels::kStepBytes + v * 16);
#pragma GCC unroll 2
        for (int r = 0; r < Rows; ++r) addProducts(second, four[r][1], of[r]);
      }
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) addPairs(of[r], sums[r][v]);
    }
  }
};

/// True if a weight is -128: twice its product with -128 is more than 16 bits hold.
bool hasLowest(const std::byte* panel, int64_t bytes) {
  const auto* w = reinterpret_cast<const int8_t*>(panel);
  int8x16_t least = vdupq_n_s8(0);
  for (int64_t i = 0; i < bytes; i += 16) least = vminq_s8(least, vld1q_s8(w + i));
  const int8x8_t half = vmin_s8(vget_low_s8(least), vget_high_s8(least));
  return vget_lane_u64(vreinterpret_u64_u8(vceq_s8(half, vdup_n_s8(-128))), 0) != 0;
}

/// For fewer rows looking takes longer than it saves.
constexpr int64_t kRowsWorthLooking = 8;

void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  forEachPanel(tile, panels, [&](const ByteTile& one) {
    if (rows < kRowsWorthLooking || hasLowest(one.panels, one.panelBytes))
      runByteRows<NeonTile, kNeonRows, 1>(one, rows);
    else
      runByteRows<NeonTile, kNeonRows, 2>(one, rows);
  });
}

}  // namespace

ByteTiles byteTilesNeon() { return {.sums = run}; }

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesNeon() { return {}; }
}  // namespace minnow::kernels::simd
#endif
