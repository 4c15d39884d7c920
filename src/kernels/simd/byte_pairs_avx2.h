// Products of numbers of 16 bits with AVX2, two a channel and instruction: what its tile of bytes and
// its tiles of Winograd share.
#pragma once

#include <immintrin.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/byte_packing.h"

#define MINNOW_AVX2 __attribute__((target("avx2")))

namespace minnow::kernels::simd::avx2 {

/// 12 vectors of sums, two of weights, x, and a product: 16 registers.
inline constexpr int kPairRows = 6, kPairVectors = 2;

MINNOW_AVX2 inline __m256i load(const int32_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
MINNOW_AVX2 inline __m256i load(const int16_t* from) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
}
MINNOW_AVX2 inline void store(int16_t* to, __m256i v) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), v);
}

/// Eight channels' four steps as 16 bits, in two pairs of them.
MINNOW_AVX2 inline void widenPairs(const std::byte* w, __m256i (&pairs)[2]) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
  const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1,
                                         4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
  const __m256i apart = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(bytes, order), 0xd8);
  pairs[0] = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(apart));
  pairs[1] = _mm256_cvtepi8_epi16(_mm256_extracti128_si256(apart, 1));
}

/// Rows of numbers of 16 bits, and a panel of 16 columns, pair of steps after pair: to = from + x w.
struct PairTile {
  const int16_t* x;
  int64_t xStep;
  const int16_t* w;
  int64_t pairs;
  const int32_t* from;
  int64_t fromStep;
  int32_t* to;
  int64_t toStep;
};

template <int Rows>
MINNOW_AVX2 void multiply(const PairTile& tile) {
  const int16_t *x = tile.x, *w = tile.w;
  const int64_t xStep = tile.xStep, pairs = tile.pairs;
  __m256i sums[Rows][kPairVectors];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kPairVectors; ++v) sums[r][v] = load(tile.from + r * tile.fromStep + v * 8);
  for (int64_t pair = 0; pair < pairs; ++pair, x += 2, w += 2 * BytePanels::kOutputs) {
    const __m256i weights[kPairVectors] = {load(w), load(w + 16)};
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      int32_t two;
      std::memcpy(&two, x + r * xStep, sizeof two);
      const __m256i both = _mm256_set1_epi32(two);
#pragma GCC unroll 2
      for (int v = 0; v < kPairVectors; ++v)
        sums[r][v] = _mm256_add_epi32(sums[r][v], _mm256_madd_epi16(both, weights[v]));
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kPairVectors; ++v)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(tile.to + r * tile.toStep + v * 8),
                          sums[r][v]);
}

/// By number of rows, less one.
inline constexpr auto kMultiply = []<int... I>(std::integer_sequence<int, I...>) {
  return std::array{multiply<I + 1>...};
}(std::make_integer_sequence<int, kPairRows>());

}  // namespace minnow::kernels::simd::avx2
