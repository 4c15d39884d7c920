// The tile of bytes with AArch64's dot product (Armv8.2, as Cortex-A55 and A76 have it).
#include "kernels/simd/byte_tile_rows.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#include <cstring>
#define MINNOW_DOT __attribute__((target("arch=armv8.2-a+dotprod")))

namespace minnow::kernels::simd {
namespace {

constexpr int kDotRows = 4;  // 16 sums of 32 registers

/// Four steps of a row lie in one register, of which an instruction takes any.
template <int Rows>
struct DotTile {
  static constexpr int kVectors = 4, kTogether = 4;
  using Sums = int32x4_t[Rows][kVectors];

  MINNOW_DOT static void run(const ByteTile& tile) {
    Sums sums;
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = vld1q_s32(tile.start + v * 4);
    const int8_t* w = reinterpret_cast<const int8_t*>(tile.panels);
    const uint8_t* x = tile.x;
    const uint32x4_t flip = vdupq_n_u32(tile.flip);
    int64_t step = 0;
    for (; step + kTogether <= tile.steps; step += kTogether) {
      int8x16_t steps[Rows];
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r)
        steps[r] = vreinterpretq_s8_u32(
            veorq_u32(vreinterpretq_u32_u8(vld1q_u8(x + r * tile.rowStep)), flip));
      add<0>(w, steps, sums), add<1>(w, steps, sums), add<2>(w, steps, sums),
          add<3>(w, steps, sums);
      x += kTogether * BytePanels::kSteps;
      w += kTogether * BytePanels::kStepBytes;
    }
    for (; step < tile.steps; ++step) {
      int8x16_t steps[Rows];
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r) {
        uint32_t bytes;
        std::memcpy(&bytes, x + r * tile.rowStep, sizeof bytes);
        steps[r] = vreinterpretq_s8_u32(veorq_u32(vdupq_n_u32(bytes), flip));
      }
      add<0>(w, steps, sums);
      x += BytePanels::kSteps;
      w += BytePanels::kStepBytes;
    }
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        vst1q_s32(tile.sums + r * kByteColumns + v * 4, sums[r][v]);
  }

 private:
  /// Step `Lane` of those in the registers.
  template <int Lane>
  MINNOW_DOT static inline void add(const int8_t* w, const int8x16_t (&steps)[Rows], Sums& sums) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int8x16_t weights = vld1q_s8(w + Lane * BytePanels::kStepBytes + v * 16);
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r)
        // In this order: compilers load all weights first, for which there are not enough registers.
        __asm__ volatile("sdot %0.4s, %1.16b, %2.4b[%3]"
                         : "+w"(sums[r][v])
                         : "w"(weights), "w"(steps[r]), "i"(Lane));
    }
  }
};

/// Rows by fours, the last few one by one: two copies in the library for devices.
void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  const auto advance = [](ByteTile& at, int64_t n) {
    at.x += n * at.rowStep, at.sums += n * kByteColumns;
  };
  forEachPanel(tile, panels, [&](ByteTile at) {
    int64_t left = rows;
    for (; left >= kDotRows; left -= kDotRows) DotTile<kDotRows>::run(at), advance(at, kDotRows);
    for (; left > 0; --left) DotTile<1>::run(at), advance(at, 1);
  });
}

}  // namespace

ByteTiles byteTilesDot() { return {.sums = run}; }

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesDot() { return {}; }
}  // namespace minnow::kernels::simd
#endif
