// The tile of bytes with NEON of any age: eight products of 16 bits, those of two steps of four added
// where that surely fits, then in pairs to sums of 32. A sum lies in two lanes until the end.
#include "kernels/simd/byte_neon.h"
#include "kernels/simd/byte_tile_rows.h"

#if defined(__aarch64__) || defined(__ARM_NEON)

namespace minnow::kernels::simd {
namespace {

// Eight columns, half a panel: loading weights takes longest on a core in order, and so they serve
// more rows.
#if defined(__aarch64__)
constexpr int kNeonRows = 4;  // 16 sums of 32 registers
#else
constexpr int kNeonRows = 1;
#endif

/// Of `Together` steps, 1 or 2, products are added in 16 bits.
template <int Rows, int Together>
class NeonTile {
  static constexpr int kVectors = 2, kColumns = 4 * kVectors;
  using Sums = int32x4_t[Rows][kVectors][2];
  using Places = const uint8_t* [Rows];

 public:
  /// Rows after rows, all of them. `start` has a zero beside each number, for a sum's other lane.
  [[gnu::noinline]] static void run(const ByteTile& tile, const int32_t* start, int64_t lots) {
    const uint8_t* from = tile.x;
    int32_t* to = tile.sums;
    const int64_t rowStep = tile.rowStep, steps = tile.steps;
    const auto* panel = reinterpret_cast<const int8_t*>(tile.panels);
    for (; lots > 0; --lots, from += Rows * rowStep, to += Rows * kByteColumns)
      for (int64_t column = 0; column < BytePanels::kOutputs; column += kColumns)
        runLot(from, rowStep, steps, panel + column * BytePanels::kSteps, start + 2 * column,
               to + column);
  }

 private:
  [[gnu::always_inline]] static inline void runLot(const uint8_t* from, int64_t rowStep,
                                                   int64_t steps, const int8_t* w,
                                                   const int32_t* start, int32_t* to) {
    Sums sums;
    Places x;
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      x[r] = from + r * rowStep;
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v)
        sums[r][v][0] = vld1q_s32(start + v * 8), sums[r][v][1] = vld1q_s32(start + v * 8 + 4);
    }
    addAll(steps, x, w, sums);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v)
        vst1q_s32(to + r * kByteColumns + v * 4, pairsTogether(sums[r][v][0], sums[r][v][1]));
  }
  [[gnu::always_inline]] static inline void addAll(int64_t left, Places& x, const int8_t* w,
                                                   Sums& sums) {
    if constexpr (Together == 2) {
      const int8_t* end = w + left / 4 * (4 * BytePanels::kStepBytes);
      while (w != end) addSteps<2, true>(x, w, sums);
      if (left & 2) addSteps<2, false>(x, w, sums);
      left %= 2;
    }
    for (; left > 0; --left) addSteps<1, false>(x, w, sums);
  }
  /// Steps of all rows, and as many more; what is loaded waits for a row to be computed.
  template <int Steps, bool More>
  [[gnu::always_inline]] static inline void addSteps(Places& x, const int8_t*& w, Sums& sums) {
    constexpr int kStep = BytePanels::kStepBytes;
    TwoVectors weights[2] = {loadTwoThen<kStep>(w), {}}, next[2];
    if constexpr (Steps == 2) weights[1] = loadTwoThen<kStep>(w);
    TwoVectors of = loaded<Steps>(x[0], false);
#pragma GCC unroll 8
    for (int i = 0; i < (More ? 2 : 1) * Rows; ++i) {
      const TwoVectors at = of;
      const int row = i % Rows;
      if (i + 1 < (More ? 2 : 1) * Rows) of = loaded<Steps>(x[(i + 1) % Rows], i % 2 == 0);
      if (More && i == (Rows - 1) / 2) next[0] = loadTwoThen<kStep>(w);
      if (More && i == Rows - 1) next[1] = loadTwoThen<kStep>(w);
      if (More && i == Rows) weights[0] = next[0], weights[1] = next[1];
      add<Steps>(at, weights, sums[row]);
    }
  }
  /// The next steps of a row, each in all lanes.
  template <int Steps>
  [[gnu::always_inline]] static inline TwoVectors loaded(const uint8_t*& x, bool isOdd) {
    if constexpr (Steps == 2) return isOdd ? loadSteps<true>(x) : loadSteps<false>(x);
    TwoVectors one;
    one.a = vreinterpretq_s8_s32(vld1q_dup_s32(reinterpret_cast<const int32_t*>(x)));
    x += BytePanels::kSteps;
    return one;
  }
  template <int Steps>
  [[gnu::always_inline]] static inline void add(const TwoVectors& x, const TwoVectors (&w)[2],
                                                int32x4_t (&sums)[kVectors][2]) {
    if constexpr (Steps == 2) return kernels::simd::addSteps(w, x, sums);
    addPairs(products(w[0].a, x.a), sums[0]), addPairs(products(w[0].b, x.a), sums[1]);
  }
};

/// True if a weight is -128: twice its product with -128 is more than 16 bits hold.
bool hasLowest(const std::byte* panel, int64_t bytes) {
  const auto* w = reinterpret_cast<const int8_t*>(panel);
  int8x16_t least[4] = {};
  for (int64_t i = 0; i < bytes; i += BytePanels::kStepBytes)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) least[v] = vminq_s8(least[v], vld1q_s8(w + i + v * 16));
  const int8x16_t of = vminq_s8(vminq_s8(least[0], least[1]), vminq_s8(least[2], least[3]));
  const int8x8_t half = vmin_s8(vget_low_s8(of), vget_high_s8(of));
  return vget_lane_u64(vreinterpret_u64_u8(vceq_s8(half, vdup_n_s8(-128))), 0) != 0;
}

template <int Together>
void runRows(ByteTile tile, const int32_t* start, int64_t rows) {
  const int64_t lots = rows / kNeonRows, done = lots * kNeonRows;
  NeonTile<kNeonRows, Together>::run(tile, start, lots);
  if (done == rows) return;
  tile.x += done * tile.rowStep, tile.sums += done * kByteColumns;
  NeonTile<1, Together>::run(tile, start, rows - done);
}

void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  forEachPanel(tile, panels, [&](const ByteTile& one) {
    int32_t start[2 * BytePanels::kOutputs] = {};
    for (int64_t c = 0; c < BytePanels::kOutputs; ++c) start[2 * c] = one.start[c];
    one.mayHaveLowest&& hasLowest(one.panels, one.panelBytes) ? runRows<1>(one, start, rows)
                                                              : runRows<2>(one, start, rows);
  });
}

}  // namespace

ByteTiles byteTilesNeon() { return {.sums = run, .hasLowest = hasLowest}; }

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesNeon() { return {}; }
}  // namespace minnow::kernels::simd
#endif
