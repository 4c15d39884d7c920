// What Winograd's tiles of bytes have of AVX2.
#pragma once

#include "kernels/simd/byte_pairs_avx2.h"
#include "kernels/simd/byte_tile.h"

#define MINNOW_POINTS MINNOW_AVX2

namespace minnow::kernels::simd::points {

/// Numbers of 16 bits of a vector.
inline constexpr int64_t kLanes = 16;
using Shorts [[gnu::vector_size(2 * kLanes)]] = int16_t;
/// Tiles whose products are computed at once, and bytes of x at all points that stay in the second cache.
inline constexpr int64_t kRows = avx2::kPairRows, kBlockBytes = 512 * 1024;

/// With a dot product of four bytes it would gain nothing.
inline bool areBest() { return byteTiles().sums == byteTilesAvx2().sums; }

/// Instructions for a channel and a panel: of a pixel by the tile of bytes; of a tile, of a block's weights, and what a
/// tile takes once for all panels and once for all channels.
inline constexpr struct {
  int64_t pixel, tile, weights, input, results;
} kCosts{26, 48, 150, 6, 100};

/// Bytes of x as 16 bits, with some bits of each flipped.
MINNOW_AVX2 inline Shorts flipped(const uint8_t* x, uint8_t flip) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x));
  const __m128i bits = _mm_set1_epi8(static_cast<char>(flip));
  return reinterpret_cast<Shorts>(_mm256_cvtepu8_epi16(_mm_xor_si128(bytes, bits)));
}

/// Four channels of a panel, in two pairs of them.
using Weight = int16_t;
MINNOW_AVX2 inline void order(const std::byte* from, Weight* to) {
  for (int half = 0; half < 2; ++half) {
    __m256i pairs[2];
    avx2::widenPairs(from + half * 32, pairs);
    avx2::store(to + half * 16, pairs[0]), avx2::store(to + half * 16 + 32, pairs[1]);
  }
}

MINNOW_AVX2 inline Shorts widened(const Weight* w) {
  return reinterpret_cast<Shorts>(avx2::load(w));
}

/// Sums of a panel at a point, of up to kRows tiles.
inline void multiply(const int16_t* x, int64_t channels, const int16_t* w, int64_t rows,
                     int32_t* to) {
  alignas(32) static constexpr int32_t kZeros[BytePanels::kOutputs] = {};
  avx2::kMultiply[static_cast<size_t>(rows - 1)](
      {x, channels, w, channels / 2, kZeros, 0, to, BytePanels::kOutputs});
}

}  // namespace minnow::kernels::simd::points
