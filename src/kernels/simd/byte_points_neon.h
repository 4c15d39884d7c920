// What Winograd's tiles of bytes have of AArch64's NEON.
#pragma once

#include <arm_neon.h>

#include "kernels/simd/byte_tile.h"

#define MINNOW_POINTS

namespace minnow::kernels::simd::points {

/// Numbers of 16 bits of a vector.
inline constexpr int64_t kLanes = 8;
using Shorts = int16x8_t;
/// Tiles whose products are computed at once, and bytes of x at all points: small cores share 512 KB among four of them.
inline constexpr int64_t kRows = 6, kBlockBytes = 128 * 1024;

inline bool areBest() { return byteTiles().sums == byteTilesNeon().sums; }

/// Instructions for a channel and a panel, of a pixel a tenth less than measured, as cores out of order gain less: of a pixel
/// by the tile of bytes; of a tile, of a block's weights, and what a tile takes once for all panels and once for all
/// channels.
inline constexpr struct {
  int64_t pixel, tile, weights, input, results;
} kCosts{25, 71, 170, 18, 260};

/// Bytes of x as 16 bits, with some bits of each flipped.
inline Shorts flipped(const uint8_t* x, uint8_t flip) {
  return vreinterpretq_s16_u16(vmovl_u8(veor_u8(vld1_u8(x), vdup_n_u8(flip))));
}

/// Four channels of a panel, one after another.
using Weight = int8_t;
inline void order(const std::byte* from, Weight* to) {
  vst1q_s8_x4(to, vld4q_s8(reinterpret_cast<const int8_t*>(from)));
}
inline Shorts widened(const Weight* w) { return vmovl_s8(vld1_s8(w)); }

// Sums are v8 to v31, four a row; v0 to v5 are eight channels of six rows, v6 and v7 a channel's weights. The next ones
// are loaded as soon as the last product is behind: 214 instructions are eight channels, of which 192 multiply.
#define MINNOW_ROW(a, b, w, x, lane)                                                              \
  "smlal v" a ".4s, v" w ".4h, v" x ".h[" lane "]\n\tsmlal2 v" b ".4s, v" w ".8h, v" x ".h[" lane \
  "]\n\t"
#define MINNOW_FIRST_COLUMNS(lane)       \
  MINNOW_ROW("8", "9", "6", "0", lane)   \
  MINNOW_ROW("12", "13", "6", "1", lane) \
  MINNOW_ROW("16", "17", "6", "2", lane) \
  MINNOW_ROW("20", "21", "6", "3", lane) \
  MINNOW_ROW("24", "25", "6", "4", lane) \
  MINNOW_ROW("28", "29", "6", "5", lane) "ldr q6, [%[w]], #32\n\t"
#define MINNOW_CHANNEL(lane)             \
  MINNOW_FIRST_COLUMNS(lane)             \
  MINNOW_ROW("10", "11", "7", "0", lane) \
  MINNOW_ROW("14", "15", "7", "1", lane) \
  MINNOW_ROW("18", "19", "7", "2", lane) \
  MINNOW_ROW("22", "23", "7", "3", lane) \
  MINNOW_ROW("26", "27", "7", "4", lane) \
  MINNOW_ROW("30", "31", "7", "5", lane) "ldur q7, [%[w], #-16]\n\t"
#define MINNOW_LAST_ROW(a, b, x) MINNOW_ROW(a, b, "7", x, "7") "ldr q" x ", [%[x" x "]], #16\n\t"

/// Sums of a panel at a point, of kRows tiles, whatever lies behind the last ones. Reads a vector behind x, and two behind
/// the weights.
inline void multiply(const int16_t* x, int64_t channels, const int16_t* w, int64_t /*rows*/,
                     int32_t* to) {
  const int16_t *x1 = x + channels, *x2 = x1 + channels, *x3 = x2 + channels, *x4 = x3 + channels,
                *x5 = x4 + channels;
  __asm__ volatile(
      "ldr q0, [%[x0]], #16\n\tldr q1, [%[x1]], #16\n\tldr q2, [%[x2]], #16\n\t"
      "ldr q3, [%[x3]], #16\n\tldr q4, [%[x4]], #16\n\tldr q5, [%[x5]], #16\n\t"
      "ldp q6, q7, [%[w]], #32\n\t"
      "movi v8.4s, #0\n\tmovi v9.4s, #0\n\tmovi v10.4s, #0\n\tmovi v11.4s, #0\n\t"
      "movi v12.4s, #0\n\tmovi v13.4s, #0\n\tmovi v14.4s, #0\n\tmovi v15.4s, #0\n\t"
      "movi v16.4s, #0\n\tmovi v17.4s, #0\n\tmovi v18.4s, #0\n\tmovi v19.4s, #0\n\t"
      "movi v20.4s, #0\n\tmovi v21.4s, #0\n\tmovi v22.4s, #0\n\tmovi v23.4s, #0\n\t"
      "movi v24.4s, #0\n\tmovi v25.4s, #0\n\tmovi v26.4s, #0\n\tmovi v27.4s, #0\n\t"
      "movi v28.4s, #0\n\tmovi v29.4s, #0\n\tmovi v30.4s, #0\n\tmovi v31.4s, #0\n"
      "0:\n\t"
      "subs %[left], %[left], #8\n\t"
      MINNOW_CHANNEL("0") MINNOW_CHANNEL("1") MINNOW_CHANNEL("2") MINNOW_CHANNEL("3")
      MINNOW_CHANNEL("4") MINNOW_CHANNEL("5") MINNOW_CHANNEL("6")
      MINNOW_FIRST_COLUMNS("7")
      MINNOW_LAST_ROW("10", "11", "0") MINNOW_LAST_ROW("14", "15", "1")
      MINNOW_LAST_ROW("18", "19", "2") MINNOW_LAST_ROW("22", "23", "3")
      MINNOW_LAST_ROW("26", "27", "4") MINNOW_LAST_ROW("30", "31", "5")
      "ldur q7, [%[w], #-16]\n\t"
      "b.ne 0b\n\t"
      "stp q8, q9, [%[to]]\n\tstp q10, q11, [%[to], #32]\n\tstp q12, q13, [%[to], #64]\n\t"
      "stp q14, q15, [%[to], #96]\n\tstp q16, q17, [%[to], #128]\n\tstp q18, q19, [%[to], #160]\n\t"
      "stp q20, q21, [%[to], #192]\n\tstp q22, q23, [%[to], #224]\n\tstp q24, q25, [%[to], #256]\n\t"
      "stp q26, q27, [%[to], #288]\n\tstp q28, q29, [%[to], #320]\n\tstp q30, q31, [%[to], #352]"
      : [x0] "+&r"(x), [x1] "+&r"(x1), [x2] "+&r"(x2), [x3] "+&r"(x3), [x4] "+&r"(x4),
        [x5] "+&r"(x5), [w] "+&r"(w), [left] "+&r"(channels)
      : [to] "r"(to)
      : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13",
        "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26",
        "v27", "v28", "v29", "v30", "v31", "cc", "memory");
}

#undef MINNOW_LAST_ROW
#undef MINNOW_CHANNEL
#undef MINNOW_FIRST_COLUMNS
#undef MINNOW_ROW

}  // namespace minnow::kernels::simd::points
