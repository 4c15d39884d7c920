// The tile of bytes with AVX-512 VNNI: one instruction multiplies four bytes of x by four weights in
// each of 16 channels and adds all to the sums, without saturation.
#include "kernels/simd/byte_tile_rows.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>
#define MINNOW_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

namespace minnow::kernels::simd {
namespace {

template <int Rows, int Panels>
struct VnniTile {
  MINNOW_VNNI static void run(const ByteTile& tile) {
    __m512i sums[Rows][Panels];
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
      for (int p = 0; p < Panels; ++p)
        sums[r][p] = _mm512_loadu_si512(tile.start + p * BytePanels::kOutputs);
    const __m512i flip = _mm512_set1_epi32(static_cast<int32_t>(tile.flip));
    const std::byte* w = tile.panels + BytePanels::kSumBytes;
    const uint8_t* x = tile.x;
    const int64_t rowStep = tile.rowStep, panelBytes = tile.panelBytes;
    for (int64_t step = 0; step < tile.steps; ++step) {
      __m512i weights[Panels];
#pragma GCC unroll 2
      for (int p = 0; p < Panels; ++p) weights[p] = _mm512_loadu_si512(w + p * panelBytes);
#pragma GCC unroll 12
      for (int r = 0; r < Rows; ++r) {
        int32_t four;
        std::memcpy(&four, x + r * rowStep, sizeof four);
        const __m512i both = _mm512_xor_si512(_mm512_set1_epi32(four), flip);
#pragma GCC unroll 2
        for (int p = 0; p < Panels; ++p)
          sums[r][p] = _mm512_dpbusd_epi32(sums[r][p], both, weights[p]);
      }
      x += BytePanels::kSteps;
      w += BytePanels::kStepBytes;
    }
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
      for (int p = 0; p < Panels; ++p)
        _mm512_storeu_si512(tile.sums + r * kByteColumns + p * BytePanels::kOutputs, sums[r][p]);
  }
};

}  // namespace

ByteTileFn byteTileVnni() {
  return [](const ByteTile& tile, int64_t rows, int64_t panels) {
    panels == 1 ? runByteRows<VnniTile, 12, 1>(tile, rows)
                : runByteRows<VnniTile, 12, 2>(tile, rows);
  };
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTileFn byteTileVnni() { return nullptr; }
}  // namespace minnow::kernels::simd
#endif
