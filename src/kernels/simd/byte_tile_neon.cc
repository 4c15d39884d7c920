// The tile of bytes with NEON of any age: eight products of 16 bits, those of two steps of four added
// where that surely fits, then in pairs to sums of 32. A sum lies in two lanes until the end.
#include "kernels/simd/byte_neon.h"
#include "kernels/simd/byte_rounding_neon.h"
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
  using Totals = int32x4_t[Rows][kVectors];
  using Places = const uint8_t* [Rows];

 public:
  /// Rows after rows, all of them. `start` has a zero beside each number, for a sum's other lane.
  [[gnu::noinline]] static void run(const ByteTile& tile, const int32_t* start, int64_t lots) {
    const StepRun all{0, static_cast<int32_t>(tile.steps)}, *runs = tile.runs ? tile.runs : &all;
    for (int64_t column = 0; column < BytePanels::kOutputs; column += kColumns) {
      runColumns(tile, start + 2 * column, runs, lots, column);
      if (tile.runs) runs += StepRun::ofHalf(tile.steps);
    }
  }

 private:
  [[gnu::always_inline]] static inline void runColumns(const ByteTile& tile, const int32_t* start,
                                                       const StepRun* runs, int64_t lots,
                                                       int64_t column) {
    const uint8_t* from = tile.x;
    int32_t* to = tile.sums + column;
    const int64_t* places = tile.places;
    const int64_t rowStep = tile.rowStep;
    const auto* w = reinterpret_cast<const int8_t*>(tile.panels) + column * BytePanels::kSteps;
    const int8_t* last = w + tile.steps * BytePanels::kStepBytes;
    const SumsEnd end(tile.to, tile.column + column);
    for (; lots > 0; --lots, from += Rows * rowStep, to += Rows * kByteColumns, places += Rows) {
      Sums sums;
      Places x;
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r) {
        x[r] = from + r * rowStep;
        loadTwo<0>(start, sums[r][0][0], sums[r][0][1]);
        loadTwo<32>(start, sums[r][1][0], sums[r][1][1]);
      }
      addAll(runs, w, last, x, sums);
      Totals totals;
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v)
          totals[r][v] = pairsTogether(sums[r][v][0], sums[r][v][1]);
      end.areSums() ? storeSums(totals, to) : storeBytes(end, places, totals);
    }
  }
  [[gnu::always_inline]] static inline void storeSums(const Totals& sums, int32_t* to) {
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) vst1q_s32(to + r * kByteColumns + v * 4, sums[r][v]);
  }
  /// Of two rows at a time.
  [[gnu::always_inline]] static inline void storeBytes(const SumsEnd& end, const int64_t* places,
                                                       Totals& sums) {
    end.round(sums);
#pragma GCC unroll 2
    for (int r = 0; r < Rows; r += 2) {
      const int next = std::min(r + 1, Rows - 1);
      const uint8x16_t two = end.bytes(sums[r][0], sums[r][1], sums[next][0], sums[next][1]);
      vst1_u8(end.y() + places[r], vget_low_u8(two));
      if (next > r) vst1_u8(end.y() + places[next], vget_high_u8(two));
    }
  }
  [[gnu::always_inline]] static inline void addAll(const StepRun* run, const int8_t* w,
                                                   const int8_t* end, Places& x, Sums& sums) {
    for (; w != end; ++run) {
      for (int32_t n = run->threes; n > 0; --n) addThree(x, w, sums);
      addOthers(static_cast<uint32_t>(run->others), x, w, sums);
    }
  }
  [[gnu::always_inline]] static inline void addThree(Places& x, const int8_t*& w, Sums& sums) {
    TwoVectors weights[3];
#pragma GCC unroll 3
    for (TwoVectors& step : weights) step = loadTwoThen<BytePanels::kStepBytes>(w);
    ThreeVectors of = loadThree<false>(x[0]);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      const ThreeVectors at = of;
      if (r + 1 < Rows) of = r % 2 == 0 ? loadThree<true>(x[r + 1]) : loadThree<false>(x[r + 1]);
      kernels::simd::addSteps(weights, at, sums[r]);
    }
  }
  [[gnu::always_inline]] static inline void addOthers(uint32_t steps, Places& x, const int8_t*& w,
                                                      Sums& sums) {
    if constexpr (Together == 2) {
      for (uint32_t fours = steps / 4; fours > 0; --fours) addSteps<2, true>(x, w, sums);
      if (steps & 2) addSteps<2, false>(x, w, sums);
      if (steps & 1) addSteps<1, false>(x, w, sums);
    } else {
      for (; steps > 0; --steps) addSteps<1, false>(x, w, sums);
    }
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

/// Numbers of four steps of 8 columns without their signs: 128 of -128.
struct Magnitudes {
  uint8x16_t a, b;

  explicit Magnitudes(const int8_t* w)
      : a(vreinterpretq_u8_s8(vabsq_s8(vld1q_s8(w)))),
        b(vreinterpretq_u8_s8(vabsq_s8(vld1q_s8(w + 16)))) {}
  /// 255 of more.
  void add(const Magnitudes& more) { a = vqaddq_u8(a, more.a), b = vqaddq_u8(b, more.b); }
  bool any(uint8_t least) const {
    const uint8x16_t most = vmaxq_u8(a, b);
    const uint8x8_t half = vmax_u8(vget_low_u8(most), vget_high_u8(most));
    return vget_lane_u64(vreinterpret_u64_u8(vcge_u8(half, vdup_n_u8(least))), 0) != 0;
  }
};

/// Runs of a panel's half. Others come by twos, so that no three leaves one behind.
class RunFinder {
  static constexpr int kStep = BytePanels::kStepBytes;

 public:
  RunFinder(const int8_t* w, int64_t left, StepRun* to) : to_(to) {
    *to_ = {};
    while (left > 0) {
      const int64_t steps = left != 4 && left >= 3 && isThree(w) ? 3 : std::min<int64_t>(left, 2);
      steps == 3 ? addThree() : addOthers(w, steps);
      left -= steps, w += steps * kStep;
    }
  }
  bool twosFit() const { return !hasLowest_; }

 private:
  /// 128 times their sum is at most 32,640; 255 may be more than that.
  static bool isThree(const int8_t* w) {
    Magnitudes sums(w);
    sums.add(Magnitudes(w + kStep)), sums.add(Magnitudes(w + 2 * kStep));
    return !sums.any(255);
  }
  void addThree() {
    if (to_->others > 0) *++to_ = {};
    ++to_->threes;
  }
  void addOthers(const int8_t* w, int64_t steps) {
    to_->others += static_cast<int32_t>(steps);
    for (; steps > 0; --steps, w += kStep) hasLowest_ |= Magnitudes(w).any(128);
  }

  StepRun* to_;
  bool hasLowest_ = false;
};

bool findRuns(const std::byte* weights, int64_t panels, int64_t steps, StepRun* to) {
  const auto* w = reinterpret_cast<const int8_t*>(weights);
  bool twosFit = true;
  for (; panels > 0; --panels, w += steps * BytePanels::kStepBytes)
    for (int half = 0; half < 2; ++half, to += StepRun::ofHalf(steps))
      twosFit &= RunFinder(w + half * BytePanels::kStepBytes / 2, steps, to).twosFit();
  return twosFit;
}

template <int Together>
void runRows(ByteTile tile, const int32_t* start, int64_t rows) {
  const int64_t lots = rows / kNeonRows, done = lots * kNeonRows;
  NeonTile<kNeonRows, Together>::run(tile, start, lots);
  if (done == rows) return;
  tile.x += done * tile.rowStep, tile.sums += done * kByteColumns, tile.places += done;
  NeonTile<1, Together>::run(tile, start, rows - done);
}

void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  forEachPanel(tile, panels, [&](const ByteTile& one) {
    int32_t start[2 * BytePanels::kOutputs] = {};
    for (int64_t c = 0; c < BytePanels::kOutputs; ++c) start[2 * c] = one.start[c];
    one.twosFit ? runRows<2>(one, start, rows) : runRows<1>(one, start, rows);
  });
}

}  // namespace

ByteTiles byteTilesNeon() {
  return {.sums = run, .bytes = run, .suits = SumsEnd::suits, .findRuns = findRuns};
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesNeon() { return {}; }
}  // namespace minnow::kernels::simd
#endif
