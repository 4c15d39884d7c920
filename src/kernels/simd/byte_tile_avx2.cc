// The tile of bytes with AVX2. Its multiplication of unsigned by signed bytes saturates pairs, so
// that full weights give wrong sums; bytes are widened to 16 bits first, weights once for many rows
// and rows once for both panels: then two products a channel and instruction remain.
#include "kernels/simd/byte_tile.h"

#if defined(__x86_64__)
#include <algorithm>

#include "kernels/simd/byte_pairs_avx2.h"

namespace minnow::kernels::simd {
namespace {

using namespace avx2;

/// Steps of four at a time: 16 KB of widened weights of two panels stay in the first cache.
constexpr int64_t kChunk = 64, kDepth = kChunk * BytePanels::kSteps;

struct Widened {
  alignas(32) int16_t x[kPairRows * kDepth];
  alignas(32) int16_t w[kBytePanels][kDepth * BytePanels::kOutputs];
};

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

MINNOW_AVX2 void widenPanel(const std::byte* w, int64_t steps, int16_t* to) {
  for (int64_t step = 0; step < steps; ++step) {
    for (int half = 0; half < 2; ++half) {
      __m256i pairs[2];
      widenPairs(w + half * 32, pairs);
      store(to + half * 16, pairs[0]);
      store(to + half * 16 + 2 * BytePanels::kOutputs, pairs[1]);
    }
    w += BytePanels::kStepBytes, to += BytePanels::kStepBytes;
  }
}

/// Depth by chunks; the sums of one are what the next begins with.
void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  Widened wide;
  for (int64_t first = 0; first < std::max<int64_t>(tile.steps, 1); first += kChunk) {
    const int64_t steps = std::min(kChunk, tile.steps - first);
    for (int64_t p = 0; p < panels; ++p)
      widenPanel(tile.panels + p * tile.panelBytes + first * BytePanels::kStepBytes, steps,
                 wide.w[p]);
    for (int64_t row = 0; row < rows; row += kPairRows) {
      const int64_t n = std::min<int64_t>(kPairRows, rows - row);
      for (int64_t r = 0; r < n; ++r)
        widenRow(tile.x + (row + r) * tile.rowStep + first * BytePanels::kSteps, steps, tile.flip,
                 wide.x + r * kDepth);
      for (int64_t p = 0; p < panels; ++p) {
        int32_t* sums = tile.sums + row * kByteColumns + p * BytePanels::kOutputs;
        const int32_t* from = first == 0 ? tile.start + p * BytePanels::kOutputs : sums;
        kMultiply[static_cast<size_t>(n - 1)]({wide.x, kDepth, wide.w[p], 2 * steps, from,
                                               first == 0 ? 0 : kByteColumns, sums, kByteColumns});
      }
    }
  }
}

}  // namespace

ByteTiles byteTilesAvx2() { return {.sums = run}; }

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesAvx2() { return {}; }
}  // namespace minnow::kernels::simd
#endif
