// The tile of bytes with AArch64's products of matrices (FEAT_I8MM, as Cortex-A510 and A710 have it): an instruction adds eight
// steps of two rows by two columns. Rows that are left over go by the dot product, which such CPUs have.
#include "kernels/simd/byte_neon.h"
#include "kernels/simd/byte_rounding_neon.h"
#include "kernels/simd/byte_tile_rows.h"

#if defined(__aarch64__)
#define MINNOW_MMLA __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))

namespace minnow::kernels::simd {
namespace {

/// Sums of two rows by two columns are a vector: 24 of 32 registers.
constexpr int kMmlaRows = 6, kPairs = kMmlaRows / 2, kVectors = 4;
using Blocks = int32x4_t[kPairs][2 * kVectors];

/// Two rows' next bytes: eight of each, or four and as many zeros.
template <int kSteps>
[[gnu::always_inline]] inline int8x16_t twoRows(const uint8_t*& a, const uint8_t*& b) {
  int8x16_t both;
  if constexpr (kSteps == 2)
    __asm__ volatile("ldr %d0, [%1], #8\n\tld1 {%0.d}[1], [%2], #8"
                     : "=&w"(both), "+r"(a), "+r"(b));
  else
    __asm__ volatile("ldr %s0, [%1], #4\n\tld1 {%0.s}[2], [%2], #4"
                     : "=&w"(both), "+r"(a), "+r"(b));
  return both;
}

/// One step or two of four bytes, of all rows and columns.
template <int kSteps>
[[gnu::always_inline]] MINNOW_MMLA inline void add(const int8_t*& w, const uint8_t* (&x)[kMmlaRows],
                                                   Blocks& sums) {
  int8x16_t rows[kPairs];
#pragma GCC unroll 3
  for (int p = 0; p < kPairs; ++p) rows[p] = twoRows<kSteps>(x[2 * p], x[2 * p + 1]);
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; v += 2) {
    const TwoVectors first = loadTwoThen<32>(w);
    TwoVectors next{};
    if constexpr (kSteps == 2) next = loadTwo<BytePanels::kStepBytes - 32>(w);
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const int32x4_t a = vreinterpretq_s32_s8(i == 0 ? first.a : first.b);
      const int32x4_t b = vreinterpretq_s32_s8(i == 0 ? next.a : next.b);
      const int32x4_t columns[2] = {vzip1q_s32(a, b), vzip2q_s32(a, b)};
#pragma GCC unroll 2
      for (int c = 0; c < 2; ++c)
#pragma GCC unroll 3
        for (int p = 0; p < kPairs; ++p)
          __asm__ volatile("smmla %0.4s, %1.16b, %2.16b"
                           : "+w"(sums[p][2 * (v + i) + c])
                           : "w"(rows[p]), "w"(columns[c]));
    }
  }
  w += (kSteps - 1) * BytePanels::kStepBytes;
}

/// Lots of rows.
[[gnu::noinline]] MINNOW_MMLA void runLots(const ByteTile& tile, int64_t lots) {
  const uint8_t* from = tile.x;
  int32_t* to = tile.sums;
  const int64_t* places = tile.places;
  const int64_t rowStep = tile.rowStep, steps = tile.steps;
  const auto* start = reinterpret_cast<const int64_t*>(tile.start);
  const SumsToEnd end(tile.to, tile.column);
  for (; lots > 0;
       --lots, from += kMmlaRows * rowStep, to += kMmlaRows * kByteColumns, places += kMmlaRows) {
    Blocks sums;
    const uint8_t* x[kMmlaRows];
#pragma GCC unroll 6
    for (int r = 0; r < kMmlaRows; ++r) x[r] = from + r * rowStep;
#pragma GCC unroll 8
    for (int i = 0; i < 2 * kVectors; ++i)
#pragma GCC unroll 3
      for (int p = 0; p < kPairs; ++p) sums[p][i] = vreinterpretq_s32_s64(vld1q_dup_s64(start + i));
    const auto* w = reinterpret_cast<const int8_t*>(tile.panels);
    for (int64_t twos = steps / 2; twos > 0; --twos) add<2>(w, x, sums);
    if (steps % 2 != 0) add<1>(w, x, sums);
    int32x4_t rows[kMmlaRows][kVectors];
#pragma GCC unroll 3
    for (int p = 0; p < kPairs; ++p)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const int64x2_t a = vreinterpretq_s64_s32(sums[p][2 * v]);
        const int64x2_t b = vreinterpretq_s64_s32(sums[p][2 * v + 1]);
        rows[2 * p][v] = vreinterpretq_s32_s64(vzip1q_s64(a, b));
        rows[2 * p + 1][v] = vreinterpretq_s32_s64(vzip2q_s64(a, b));
      }
    endWith(end.end(), RowsOfSums<kMmlaRows>{end, rows, places, to});
  }
}

void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  forEachPanel(tile, panels, [&](ByteTile at) {
    const int64_t lots = rows / kMmlaRows, done = lots * kMmlaRows;
    runLots(at, lots);
    at.x += done * at.rowStep, at.sums += done * kByteColumns, at.places += done;
    if (done < rows) byteTilesDot().sums(at, rows - done, 1);
  });
}

}  // namespace

ByteTiles byteTilesMmla() { return {.sums = run, .bytes = run, .suits = SumsToEnd::suits}; }

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesMmla() { return {}; }
}  // namespace minnow::kernels::simd
#endif
