// The tile of bytes with AArch64's dot product (Armv8.2, as Cortex-A55 and A76 have it).
#include "kernels/simd/byte_neon.h"
#include "kernels/simd/byte_rounding_neon.h"
#include "kernels/simd/byte_tile_rows.h"

#if defined(__aarch64__)

namespace minnow::kernels::simd {
namespace {

constexpr int kDotRows = 6;  // 24 sums of 32 registers

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
    const int64_t* places = tile.places;
    const int64_t rowStep = tile.rowStep, steps = tile.steps;
    const auto* start = tile.start;
    const SumsToEnd end(tile.to, tile.column);
    for (; lots > 0; --lots, from += Rows * rowStep, to += Rows * kByteColumns, places += Rows) {
      Sums sums;
      const uint8_t* x[Rows];
#pragma GCC unroll 6
      for (int r = 0; r < Rows; ++r) {
        x[r] = from + r * rowStep;
        beginWith(start, sums[r]);
      }
      addAll(reinterpret_cast<const int8_t*>(tile.panels), steps, x, sums);
      endWith(end.end(), RowsOfSums<Rows>{end, sums, places, to});
    }
  }

 private:
  [[gnu::always_inline]] MINNOW_DOT static inline void beginWith(const int32_t* start,
                                                                 int32x4_t (&sums)[kVectors]) {
    loadTwo<0>(start, sums[0], sums[1]), loadTwo<32>(start, sums[2], sums[3]);
  }
  [[gnu::always_inline]] MINNOW_DOT static inline void addAll(const int8_t* w, int64_t steps,
                                                              const uint8_t* (&x)[Rows],
                                                              Sums& sums) {
    const int8_t* last = w + steps / kTogether * (kTogether * BytePanels::kStepBytes);
    while (w != last) {
      Steps of;
#pragma GCC unroll 6
      for (int r = 0; r < Rows; ++r) {
        of[r] = vreinterpretq_s8_u8(vld1q_u8(x[r]));
        x[r] += kTogether * BytePanels::kSteps;
      }
      add<0>(w, of, sums), add<1>(w, of, sums), add<2>(w, of, sums), add<3>(w, of, sums);
    }
#pragma GCC unroll 1
    for (int64_t left = steps % kTogether; left > 0; --left) {
      Steps of;
#pragma GCC unroll 6
      for (int r = 0; r < Rows; ++r) {
        of[r] = vreinterpretq_s8_s32(vld1q_dup_s32(reinterpret_cast<const int32_t*>(x[r])));
        x[r] += BytePanels::kSteps;
      }
      add<0>(w, of, sums);
    }
  }
  /// Step `Lane` of those in the registers.
  template <int Lane>
  [[gnu::always_inline]] MINNOW_DOT static inline void add(const int8_t*& w, const Steps& of,
                                                           Sums& sums) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; v += 2) {
      const TwoVectors two = loadTwoThen<32>(w);
#pragma GCC unroll 12
      for (int i = 0; i < 2 * Rows; ++i)
        __asm__ volatile("sdot %0.4s, %1.16b, %2.4b[%3]"
                         : "+w"(sums[i % Rows][v + i / Rows])
                         : "w"(i < Rows ? two.a : two.b), "w"(of[i % Rows]), "i"(Lane));
    }
  }
};

/// Rows by sixes, the last few one by one: two copies in the library for devices.
void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  forEachPanel(tile, panels, [&](ByteTile at) {
    const int64_t lots = rows / kDotRows, done = lots * kDotRows;
    DotTile<kDotRows>::run(at, lots);
    at.x += done * at.rowStep, at.sums += done * kByteColumns, at.places += done;
    DotTile<1>::run(at, rows - done);
  });
}

}  // namespace

ByteTiles byteTilesDot() { return {.sums = run, .bytes = run, .suits = SumsToEnd::suits}; }

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesDot() { return {}; }
}  // namespace minnow::kernels::simd
#endif
