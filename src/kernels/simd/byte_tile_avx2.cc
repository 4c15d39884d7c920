// The tile of bytes with AVX2. Its multiplication of unsigned by signed bytes saturates pairs, so
// that full weights give wrong sums; bytes are widened to 16 bits first, weights once for many rows
// and rows once for both panels: then two products a channel and instruction remain.
#include "kernels/simd/byte_tile.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#define MINNOW_AVX2 __attribute__((target("avx2")))

namespace minnow::kernels::simd {
namespace {

/// 12 vectors of sums, two of weights, x, and a product: 16 registers.
constexpr int kRows = 6, kVectors = 2;
/// Steps of four at a time: 16 KB of widened weights of two panels stay in the first cache.
constexpr int64_t kChunk = 64, kDepth = kChunk * BytePanels::kSteps;
/// Widened weights are read by so many rows.
constexpr int64_t kRowsOfWeights = 48;

struct Widened {
  alignas(32) int16_t x[kRows * kDepth];
  alignas(32) int16_t w[kBytePanels][kDepth * BytePanels::kOutputs];
};

MINNOW_AVX2 __m256i load(const int32_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
MINNOW_AVX2 __m256i load(const int16_t* from) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
}
MINNOW_AVX2 void store(int16_t* to, __m256i v) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), v);
}

/// Bytes to numbers from 0 to 255; the last few are read alone, as nothing may lie behind them.
MINNOW_AVX2 void widenRow(const uint8_t* x, int64_t steps, uint32_t flip, int16_t* to) {
  int64_t step = 0;
  for (; step + 4 <= steps; step += 4) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + step * 4));
    const __m128i flips = _mm_set1_epi32(static_cast<int32_t>(flip));
    store(to + step * 4, _mm256_cvtepu8_epi16(_mm_xor_si128(bytes, flips)));
  }
  for (; step < steps; ++step) {
    uint32_t bytes;
    std::memcpy(&bytes, x + step * 4, sizeof bytes);
    const __m128i four = _mm_cvtepu8_epi16(_mm_cvtsi32_si128(static_cast<int32_t>(bytes ^ flip)));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + step * 4), four);
  }
}

/// Four channels of four steps each as 16 bits.
MINNOW_AVX2 __m256i fourChannels(const std::byte* w) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
}

/// Eight channels, whose four steps become two pairs: all first pairs, then all second ones.
MINNOW_AVX2 void widenChannels(const std::byte* w, int16_t* to) {
  const __m256 a = _mm256_castsi256_ps(fourChannels(w)),
               b = _mm256_castsi256_ps(fourChannels(w + 16));
  const auto inOrder = [](__m256 pairs) MINNOW_AVX2 {
    return _mm256_permute4x64_epi64(_mm256_castps_si256(pairs), 0xd8);
  };
  store(to, inOrder(_mm256_shuffle_ps(a, b, 0x88)));
  store(to + 2 * BytePanels::kOutputs, inOrder(_mm256_shuffle_ps(a, b, 0xdd)));
}

MINNOW_AVX2 void widenPanel(const std::byte* w, int64_t steps, int16_t* to) {
  for (int64_t step = 0; step < steps; ++step) {
    widenChannels(w, to);
    widenChannels(w + 32, to + 16);
    w += BytePanels::kStepBytes, to += BytePanels::kStepBytes;
  }
}

/// sums = from + widened rows times a widened panel.
template <int Rows>
MINNOW_AVX2 void multiply(const int16_t* x, const int16_t* w, int64_t pairs, const int32_t* from,
                          int64_t fromStep, int32_t* to) {
  __m256i sums[Rows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sums[r][v] = load(from + r * fromStep + v * 8);
  for (int64_t pair = 0; pair < pairs; ++pair, x += 2, w += 2 * BytePanels::kOutputs) {
    const __m256i weights[kVectors] = {load(w), load(w + 16)};
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      int32_t two;
      std::memcpy(&two, x + r * kDepth, sizeof two);
      const __m256i both = _mm256_set1_epi32(two);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v)
        sums[r][v] = _mm256_add_epi32(sums[r][v], _mm256_madd_epi16(both, weights[v]));
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + r * kByteColumns + v * 8), sums[r][v]);
}

constexpr auto kMultiply = []<int... I>(std::integer_sequence<int, I...>) {
  return std::array{multiply<I + 1>...};
}(std::make_integer_sequence<int, kRows>());

/// Depth by chunks; the sums of one are what the next begins with.
void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  Widened wide;
  for (int64_t first = 0; first < std::max<int64_t>(tile.steps, 1); first += kChunk) {
    const int64_t steps = std::min(kChunk, tile.steps - first);
    for (int64_t p = 0; p < panels; ++p)
      widenPanel(tile.panels + p * tile.panelBytes + BytePanels::kSumBytes +
                     first * BytePanels::kStepBytes,
                 steps, wide.w[p]);
    for (int64_t row = 0; row < rows; row += kRows) {
      const int64_t n = std::min<int64_t>(kRows, rows - row);
      for (int64_t r = 0; r < n; ++r)
        widenRow(tile.x + (row + r) * tile.rowStep + first * BytePanels::kSteps, steps, tile.flip,
                 wide.x + r * kDepth);
      for (int64_t p = 0; p < panels; ++p) {
        int32_t* sums = tile.sums + row * kByteColumns + p * BytePanels::kOutputs;
        const int32_t* from = first == 0 ? tile.start + p * BytePanels::kOutputs : sums;
        kMultiply[static_cast<size_t>(n - 1)](wide.x, wide.w[p], 2 * steps, from,
                                              first == 0 ? 0 : kByteColumns, sums);
      }
    }
  }
}

}  // namespace

ByteTiles byteTilesAvx2() {
  return {.sums = run, .sumRows = kRowsOfWeights};
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesAvx2() { return {}; }
}  // namespace minnow::kernels::simd
#endif
