// The tile of bytes with NEON of any age: eight products of 16 bits, those of two steps of four added
// where that surely fits, then in pairs to sums of 32. A sum lies in two lanes until the end.
#include "kernels/simd/byte_neon.h"
#include "kernels/simd/byte_tile_rows.h"

#if defined(__aarch64__) || defined(__ARM_NEON)

#include <cstring>

namespace minnow::kernels::simd {
namespace {

#if defined(__aarch64__)
constexpr int kNeonRows = 2;  // 16 sums of 32 registers
#else
constexpr int kNeonRows = 1;
#endif

/// Of `Together` steps, 1 or 2, products are added in 16 bits.
template <int Rows, int Together>
class NeonTile {
  static constexpr int kVectors = 4;
  using Sums = int32x4_t[Rows][kVectors][2];
  using Places = const uint8_t* [Rows];

 public:
  /// Rows after rows, all of them. `start` has a zero beside each number, for a sum's other lane.
  [[gnu::noinline]] static void run(const ByteTile& tile, const int32_t* start, int64_t lots) {
    const uint8_t* from = tile.x;
    int32_t* to = tile.sums;
    const int64_t rowStep = tile.rowStep, steps = tile.steps;
    const uint32x4_t flip = vdupq_n_u32(tile.flip);
    for (; lots > 0; --lots, from += Rows * rowStep, to += Rows * kByteColumns) {
      Sums sums;
      Places x;
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) {
        x[r] = from + r * rowStep;
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v)
          sums[r][v][0] = vld1q_s32(start + v * 8), sums[r][v][1] = vld1q_s32(start + v * 8 + 4);
      }
      addAll(steps, flip, x, reinterpret_cast<const int8_t*>(tile.panels), sums);
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v)
          vst1q_s32(to + r * kByteColumns + v * 4, pairsTogether(sums[r][v][0], sums[r][v][1]));
    }
  }

 private:
  [[gnu::always_inline]] static inline void addAll(int64_t left, uint32x4_t flip, Places& x,
                                                   const int8_t* w, Sums& sums) {
    if constexpr (Together == 2) {
      const int8_t* end = w + left / 4 * (4 * BytePanels::kStepBytes);
      while (w != end) addSteps<4>(flip, x, w, sums);
      left %= 4;
      if (left >= 2) addSteps<2>(flip, x, w, sums), left -= 2;
    }
    for (; left > 0; --left) addSteps<1>(flip, x, w, sums);
  }
  template <int Steps>
  [[gnu::always_inline]] static inline void addSteps(uint32x4_t flip, Places& x, const int8_t*& w,
                                                     Sums& sums) {
    uint32x4_t of[Rows];
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r) {
      of[r] = veorq_u32(loaded<Steps>(x[r]), flip);
      x[r] += Steps * BytePanels::kSteps;
    }
    add<0, Steps>(of, w, sums);
    if constexpr (Steps == 4) add<2, Steps>(of, w, sums);
    w += Steps * BytePanels::kStepBytes;
  }
  template <int Steps>
  [[gnu::always_inline]] static inline uint32x4_t loaded(const uint8_t* x) {
    if constexpr (Steps == 4) return vreinterpretq_u32_u8(vld1q_u8(x));
    if constexpr (Steps == 2) return vreinterpretq_u32_u64(vdupq_n_u64(bytesAs<uint64_t>(x)));
    return vdupq_n_u32(bytesAs<uint32_t>(x));
  }
  template <class T>
  [[gnu::always_inline]] static inline T bytesAs(const uint8_t* x) {
    T bytes;
    std::memcpy(&bytes, x, sizeof bytes);
    return bytes;
  }
  /// One step or two, of those in the registers.
  template <int Step, int Steps>
  [[gnu::always_inline]] static inline void add(const uint32x4_t (&of)[Rows], const int8_t* w,
                                                Sums& sums) {
    int8x16_t first[Rows], second[Rows];
#pragma GCC unroll 2
    for (int r = 0; r < Rows; ++r) {
      first[r] = vreinterpretq_s8_u32(vdupq_n_u32(of[r][Step]));
      if constexpr (Steps > 1) second[r] = vreinterpretq_s8_u32(vdupq_n_u32(of[r][Step + 1]));
    }
    addHalf<Step, Steps, 0>(first, second, w, sums);
    addHalf<Step, Steps, 2>(first, second, w, sums);
  }
  /// To two vectors of columns.
  template <int Step, int Steps, int Vector>
  [[gnu::always_inline]] static inline void addHalf(const int8x16_t (&first)[Rows],
                                                    const int8x16_t (&second)[Rows],
                                                    const int8_t* w, Sums& sums) {
    constexpr int kOffset = Step * BytePanels::kStepBytes + Vector * 16;
    const TwoVectors one = loadTwo<kOffset>(w);
    TwoVectors two = one;
    if constexpr (Steps > 1) two = loadTwo<kOffset + BytePanels::kStepBytes>(w);
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) {
      Products of[Rows];
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) of[r] = products(v ? one.b : one.a, first[r]);
      if constexpr (Steps > 1)
#pragma GCC unroll 2
        for (int r = 0; r < Rows; ++r) addProducts(v ? two.b : two.a, second[r], of[r]);
#pragma GCC unroll 2
      for (int r = 0; r < Rows; ++r) addPairs(of[r], sums[r][Vector + v]);
    }
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

/// For fewer rows looking takes longer than it saves.
constexpr int64_t kRowsWorthLooking = 8;

void run(const ByteTile& tile, int64_t rows, int64_t panels) {
  forEachPanel(tile, panels, [&](const ByteTile& one) {
    int32_t start[2 * BytePanels::kOutputs] = {};
    for (int64_t c = 0; c < BytePanels::kOutputs; ++c) start[2 * c] = one.start[c];
    rows < kRowsWorthLooking || hasLowest(one.panels, one.panelBytes)
        ? runRows<1>(one, start, rows)
        : runRows<2>(one, start, rows);
  });
}

}  // namespace

ByteTiles byteTilesNeon() { return {.sums = run}; }

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesNeon() { return {}; }
}  // namespace minnow::kernels::simd
#endif
