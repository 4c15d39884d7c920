// The tile of bytes with NEON of any age: eight products of 16 bits, those of two steps of four or of three added
// where that surely fits, then in pairs to sums of 32. A sum lies in two lanes until the end.
#include "kernels/simd/byte_lot_neon.h"
#include "kernels/simd/byte_neon.h"
#include "kernels/simd/byte_rounding_neon.h"
#include "kernels/simd/byte_tile_rows.h"

#if defined(__aarch64__) || defined(__ARM_NEON)

namespace minnow::kernels::simd {
namespace {

// Half a panel: loading weights takes longest on a core in order, and so they serve more rows.
constexpr int64_t kColumns = 8;
#if defined(__aarch64__)
constexpr int kNeonRows = 4;  // 16 sums of 32 registers
#else
constexpr int kNeonRows = 1;
#endif

/// Eight columns of a tile.
struct Columns {
  const ByteTile& tile;
  const int32_t* start;  ///< a zero beside each number, for a sum's other lane
  const StepRun* runs;
  int64_t first;

  const int8_t* weights() const {
    return reinterpret_cast<const int8_t*>(tile.panels) + first * BytePanels::kSteps;
  }
};

/// A row, with what a compiler makes of it: others of old 32-bit cores, and the last ones.
class RowSums {
 public:
  RowSums(const Columns& columns, const uint8_t* x) : x_(x), w_(columns.weights()) {
    for (int i = 0; i < 4; ++i) sums_[i] = vld1q_s32(columns.start + 4 * i);
    const int8_t* end = w_ + columns.tile.steps * BytePanels::kStepBytes;
    const int32_t together = columns.tile.twosFit ? 2 : 1;
    for (const StepRun* run = columns.runs; w_ != end; ++run) {
      for (int32_t n = run->threes; n > 0; --n) add<3>();
      int32_t left = run->others;
      for (; left >= together; left -= together) together == 2 ? add<2>() : add<1>();
      if (left > 0) add<1>();
    }
  }
  int32x4_t total(int vector) const {
    const int32x4_t a = sums_[2 * vector], b = sums_[2 * vector + 1];
#if defined(__aarch64__)
    return vpaddq_s32(a, b);
#else
    return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)),
                        vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
#endif
  }

 private:
  /// Steps whose products 16 bits hold together.
  template <int kSteps>
  [[gnu::always_inline]] inline void add() {
    Products first, second;
#pragma GCC unroll 3
    for (int step = 0; step < kSteps; ++step) {
      const auto* words = reinterpret_cast<const int32_t*>(x_);
      const int8x16_t x = vreinterpretq_s8_s32(vld1q_dup_s32(words + step));
      const int8_t* w = w_ + step * BytePanels::kStepBytes;
      const int8x16_t a = vld1q_s8(w), b = vld1q_s8(w + 16);
      if (step == 0)
        first = products(a, x), second = products(b, x);
      else
        addProducts(a, x, first), addProducts(b, x, second);
    }
    sums_[0] = vpadalq_s16(sums_[0], first.low), sums_[1] = vpadalq_s16(sums_[1], first.high);
    sums_[2] = vpadalq_s16(sums_[2], second.low), sums_[3] = vpadalq_s16(sums_[3], second.high);
    x_ += kSteps * BytePanels::kSteps, w_ += kSteps * BytePanels::kStepBytes;
  }

  int32x4_t sums_[4];
  const uint8_t* x_;
  const int8_t* w_;
};

/// Some rows as they end.
template <int kRows>
struct Store {
  const SumsToEnd& end;
  int32x4_t (&all)[kRows][2];
  const int64_t* places;
  int32_t* to;

  /// Of two rows at a time.
  template <SumsEnd kEnd>
  [[gnu::always_inline]] inline void bytes() const {
    end.round<kEnd>(all);
#pragma GCC unroll 2
    for (int r = 0; r < kRows; r += 2) {
      const int next = std::min(r + 1, kRows - 1);
      const uint8x16_t two = end.bytes<kEnd>(all[r][0], all[r][1], all[next][0], all[next][1]);
      vst1_u8(end.y() + places[r], vget_low_u8(two));
      if (next > r) vst1_u8(end.y() + places[next], vget_high_u8(two));
    }
  }
  [[gnu::always_inline]] inline void sums() const {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r)
      vst1q_s32(to + r * kByteColumns, all[r][0]), vst1q_s32(to + r * kByteColumns + 4, all[r][1]);
  }
};

/// Lots of rows, from `row` on.
template <int kRows>
[[gnu::noinline]] void runLots(const Columns& columns, int64_t row, int64_t lots) {
  const ByteTile& tile = columns.tile;
  const int64_t rowStep = tile.rowStep;
  const uint8_t* from = tile.x + row * rowStep;
  const int64_t* places = tile.places + row;
  int32_t* to = tile.sums + row * kByteColumns + columns.first;
  const SumsToEnd end(tile.to, tile.column + columns.first);
  const int8_t* last = columns.weights() + tile.steps * BytePanels::kStepBytes;
  for (; lots > 0; --lots, from += kRows * rowStep, to += kRows * kByteColumns, places += kRows) {
    int32x4_t sums[kRows][2];
    if constexpr (kRows == 1) {
      const RowSums of(columns, from);
      sums[0][0] = of.total(0), sums[0][1] = of.total(1);
    } else {
      sumLot({from, from + rowStep, from + 2 * rowStep, from + 3 * rowStep}, columns.weights(),
             last, columns.runs, columns.start, sums);
    }
    endWith(end.end(), Store<kRows>{end, sums, places, to});
  }
}

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

void runColumns(const Columns& columns, int64_t rows) {
  int64_t done = 0;
  if (kNeonRows > 1 && columns.tile.twosFit) {
    runLots<kNeonRows>(columns, 0, rows / kNeonRows);
    done = rows / kNeonRows * kNeonRows;
  }
  if (done < rows) runLots<1>(columns, done, rows - done);
}

void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  forEachPanel(tile, panels, [&](const ByteTile& one) {
    int32_t start[2 * BytePanels::kOutputs] = {};
    for (int64_t c = 0; c < BytePanels::kOutputs; ++c) start[2 * c] = one.start[c];
    const StepRun all{0, static_cast<int32_t>(one.steps)}, *runs = one.runs ? one.runs : &all;
    for (int64_t first = 0; first < BytePanels::kOutputs; first += kColumns) {
      runColumns({one, start + 2 * first, runs, first}, rows);
      if (one.runs) runs += StepRun::ofHalf(one.steps);
    }
  });
}

}  // namespace

ByteTiles byteTilesNeon() {
  return {.sums = run, .bytes = run, .suits = SumsToEnd::suits, .findRuns = findRuns};
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesNeon() { return {}; }
}  // namespace minnow::kernels::simd
#endif
