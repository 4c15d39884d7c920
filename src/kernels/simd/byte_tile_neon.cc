// The tile of bytes with NEON of any age: eight products of 16 bits, added in pairs to sums of 32. A
// sum lies in two lanes until the end.
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

template <int Rows, int>
struct NeonTile {
  static constexpr int kVectors = 4;

  static void run(const ByteTile& tile) {
    int32x4_t sums[Rows][kVectors][2];
    for (auto& row : sums)
      for (auto& sum : row) sum[0] = sum[1] = vdupq_n_s32(0);
    const int8_t* w = reinterpret_cast<const int8_t*>(tile.panels);
    const uint8_t* x = tile.x;
    for (int64_t step = 0; step < tile.steps; ++step) {
      int8x8_t four[Rows];
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) {
        uint32_t bytes;
        std::memcpy(&bytes, x + r * tile.rowStep, sizeof bytes);
        four[r] = vreinterpret_s8_u32(vdup_n_u32(bytes ^ tile.flip));
      }
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const int8x16_t weights = vld1q_s8(w + v * 16);
#pragma GCC unroll 2
        for (int r = 0; r < Rows; ++r) {
          auto& sum = sums[r][v];
          sum[0] = vpadalq_s16(sum[0], vmull_s8(vget_low_s8(weights), four[r]));
          sum[1] = vpadalq_s16(sum[1], vmull_s8(vget_high_s8(weights), four[r]));
        }
      }
      x += BytePanels::kSteps;
      w += BytePanels::kStepBytes;
    }
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        vst1q_s32(
            tile.sums + r * kByteColumns + v * 4,
            vaddq_s32(pairsTogether(sums[r][v][0], sums[r][v][1]), vld1q_s32(tile.start + v * 4)));
  }
};

}  // namespace

ByteTiles byteTilesNeon() {
  return {.sums = runBytePanels<NeonTile, kNeonRows>};
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesNeon() { return {}; }
}  // namespace minnow::kernels::simd
#endif
