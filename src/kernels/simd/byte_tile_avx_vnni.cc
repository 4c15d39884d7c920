// The tile of bytes with AVX-VNNI: the dot product of four bytes where there is no AVX-512, in vectors
// of half the length.
#include "kernels/simd/byte_tile_rows.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>
#define MINNOW_AVX_VNNI __attribute__((target("avx2,avxvnni")))

namespace minnow::kernels::simd {
namespace {

/// 12 sums, two vectors of weights and x: 15 registers of 16.
constexpr int kAvxVnniRows = 6;

template <int Rows, int>
struct AvxVnniTile {
  static constexpr int kVectors = 2;

  MINNOW_AVX_VNNI static void run(const ByteTile& tile) {
    __m256i sums[Rows][kVectors];
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[r][v] = load(tile.start + v * 8);
    const std::byte* w = tile.panels;
    const uint8_t* x = tile.x;
    for (int64_t step = 0; step < tile.steps; ++step) {
      const __m256i weights[kVectors] = {load(w), load(w + 32)};
#pragma GCC unroll 6
      for (int r = 0; r < Rows; ++r) {
        uint32_t bytes;
        std::memcpy(&bytes, x + r * tile.rowStep, sizeof bytes);
        const __m256i four = _mm256_set1_epi32(static_cast<int32_t>(bytes ^ tile.flip));
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v)
          sums[r][v] = _mm256_dpbusd_avx_epi32(sums[r][v], four, weights[v]);
      }
      x += BytePanels::kSteps;
      w += BytePanels::kStepBytes;
    }
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(tile.sums + r * kByteColumns + v * 8),
                            sums[r][v]);
  }

 private:
  MINNOW_AVX_VNNI static __m256i load(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
  }
};

void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  forEachPanel(tile, panels,
               [&](const ByteTile& one) { runByteRows<AvxVnniTile, kAvxVnniRows, 1>(one, rows); });
}

}  // namespace

ByteTiles byteTilesAvxVnni() { return {.sums = run}; }

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesAvxVnni() { return {}; }
}  // namespace minnow::kernels::simd
#endif
