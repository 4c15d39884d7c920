// The tile of bytes with AVX2. Its multiplication of unsigned by signed bytes saturates pairs, so
// that full weights give wrong sums; bytes are widened to 16 bits first. A sum lies in two lanes
// until the end.
#include "kernels/simd/byte_tile_rows.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>
#define MINNOW_AVX2 __attribute__((target("avx2")))

namespace minnow::kernels::simd {
namespace {

/// Four channels' weights, or x four times, as 16 bits.
template <int Rows, int>
struct Avx2Tile {
  static constexpr int kVectors = 4;

  MINNOW_AVX2 static void run(const ByteTile& tile) {
    __m256i sums[Rows][kVectors];
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm256_setzero_si256();
    const __m128i flip = _mm_set1_epi32(static_cast<int32_t>(tile.flip));
    const std::byte* w = tile.panels + BytePanels::kSumBytes;
    const uint8_t* x = tile.x;
    const int64_t rowStep = tile.rowStep;
    for (int64_t step = 0; step < tile.steps; ++step) {
      __m256i four[Rows];
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) {
        int32_t bytes;
        std::memcpy(&bytes, x + r * rowStep, sizeof bytes);
        four[r] = _mm256_cvtepu8_epi16(_mm_xor_si128(_mm_set1_epi32(bytes), flip));
      }
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const __m256i weights =
            _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w + v * 16)));
#pragma GCC unroll 2
        for (int r = 0; r < Rows; ++r)
          sums[r][v] = _mm256_add_epi32(sums[r][v], _mm256_madd_epi16(four[r], weights));
      }
      x += BytePanels::kSteps;
      w += BytePanels::kStepBytes;
    }
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; v += 2) store(tile, r, v, sums[r][v], sums[r][v + 1]);
  }

  /// Lanes of a sum are added: 0 1 4 5 2 3 6 7 of eight channels, then in order.
  MINNOW_AVX2 static void store(const ByteTile& tile, int r, int v, __m256i low, __m256i high) {
    const __m256i both = _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xd8);
    const auto* start = reinterpret_cast<const __m256i*>(tile.start + v * 4);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(tile.sums + r * kByteColumns + v * 4),
                        _mm256_add_epi32(both, _mm256_loadu_si256(start)));
  }
};

}  // namespace

ByteTiles byteTilesAvx2() {
  return {runBytePanels<Avx2Tile, 2>};
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesAvx2() { return {}; }
}  // namespace minnow::kernels::simd
#endif
