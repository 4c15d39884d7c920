// The tile of bytes with AArch64's dot product (Armv8.2, as Cortex-A55 and A76 have it).
#include "kernels/simd/byte_neon.h"
#include "kernels/simd/byte_tile_rows.h"

#if defined(__aarch64__)
#include <cstring>
#define MINNOW_DOT __attribute__((target("arch=armv8.2-a+dotprod")))

namespace minnow::kernels::simd {
namespace {

constexpr int kDotRows = 4;  // 16 sums of 32 registers

/// Four steps of a row lie in one register, of which an instruction takes any.
template <int Rows>
class DotTile {
  static constexpr int kVectors = 4, kTogether = 4;
  using Sums = int32x4_t[Rows][kVectors];
  using Steps = int8x16_t[Rows];

 public:
  /// Rows after rows, all of them.
  [[gnu::noinline]] MINNOW_DOT static void run(const ByteTile& tile, int64_t lots) {
    const uint8_t* from = tile.x;
    int32_t* to = tile.sums;
    const int64_t rowStep = tile.rowStep, steps = tile.steps;
    const uint32x4_t flip = vdupq_n_u32(tile.flip);
    for (; lots > 0; --lots, from += Rows * rowStep, to += Rows * kByteColumns) {
      Sums sums;
      const uint8_t* x[Rows];
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r) {
        x[r] = from + r * rowStep;
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sums[r][v] = vld1q_s32(tile.start + v * 4);
      }
      const int8_t* w = reinterpret_cast<const int8_t*>(tile.panels);
      const int8_t* end = w + steps / kTogether * (kTogether * BytePanels::kStepBytes);
      while (w != end) {
        Steps of;
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) {
          of[r] = vreinterpretq_s8_u32(veorq_u32(vreinterpretq_u32_u8(vld1q_u8(x[r])), flip));
          x[r] += kTogether * BytePanels::kSteps;
        }
        add<0>(w, of, sums), add<1>(w, of, sums), add<2>(w, of, sums), add<3>(w, of, sums);
        w += kTogether * BytePanels::kStepBytes;
      }
      for (int64_t left = steps % kTogether; left > 0; --left) {
        Steps of;
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) {
          uint32_t bytes;
          std::memcpy(&bytes, x[r], sizeof bytes);
          of[r] = vreinterpretq_s8_u32(veorq_u32(vdupq_n_u32(bytes), flip));
          x[r] += BytePanels::kSteps;
        }
        add<0>(w, of, sums);
        w += BytePanels::kStepBytes;
      }
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) vst1q_s32(to + r * kByteColumns + v * 4, sums[r][v]);
    }
  }

 private:
  /// Step `Lane` of those in the registers.
  template <int Lane>
  [[gnu::always_inline]] MINNOW_DOT static inline void add(const int8_t* w, const Steps& of,
                                                           Sums& sums) {
    constexpr int kOffset = Lane * BytePanels::kStepBytes;
    const TwoVectors low = loadTwo<kOffset>(w), high = loadTwo<kOffset + 32>(w);
    const int8x16_t weights[kVectors] = {low.a, low.b, high.a, high.b};
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r)
        __asm__ volatile("sdot %0.4s, %1.16b, %2.4b[%3]"
                         : "+w"(sums[r][v])
                         : "w"(weights[v]), "w"(of[r]), "i"(Lane));
  }
};

/// Rows by fours, the last few one by one: two copies in the library for devices.
void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  forEachPanel(tile, panels, [&](ByteTile at) {
    const int64_t lots = rows / kDotRows, done = lots * kDotRows;
    DotTile<kDotRows>::run(at, lots);
    at.x += done * at.rowStep, at.sums += done * kByteColumns;
    DotTile<1>::run(at, rows - done);
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
