// The tile of bytes with AArch64's dot product (Armv8.2, as Cortex-A55 and A76 have it).
#include "kernels/simd/byte_tile_rows.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#include <cstring>
#define MINNOW_DOT __attribute__((target("arch=armv8.2-a+dotprod")))

namespace minnow::kernels::simd {
namespace {

template <int Rows, int>
struct DotTile {
  static constexpr int kVectors = 4;

  MINNOW_DOT static void run(const ByteTile& tile) {
    int32x4_t sums[Rows][kVectors];
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = vld1q_s32(tile.start + v * 4);
    const int8_t* w = reinterpret_cast<const int8_t*>(tile.panels);
    const uint8_t* x = tile.x;
    const uint32x4_t flip = vdupq_n_u32(tile.flip);
    for (int64_t step = 0; step < tile.steps; ++step) {
      int8x16_t weights[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) weights[v] = vld1q_s8(w + v * 16);
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r) {
        uint32_t bytes;
        std::memcpy(&bytes, x + r * tile.rowStep, sizeof bytes);
        const int8x16_t four = vreinterpretq_s8_u32(veorq_u32(vdupq_n_u32(bytes), flip));
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sums[r][v] = vdotq_s32(sums[r][v], weights[v], four);
      }
      x += BytePanels::kSteps;
      w += BytePanels::kStepBytes;
    }
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        vst1q_s32(tile.sums + r * kByteColumns + v * 4, sums[r][v]);
  }
};

}  // namespace

ByteTiles byteTilesDot() {
  return {.sums = runBytePanels<DotTile, 4>};
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesDot() { return {}; }
}  // namespace minnow::kernels::simd
#endif
