// The inner microkernel, one source for every instruction set. Registers hold pixels x vectors
// sums; each step of the reduction loads one row of the panel and broadcasts one input element a
// pixel. Tiles are compiled for each number of pixels, so that no loop remains inside a step.
// AArch64 multiplies by a lane of a vector and has loops of its own for that.
#include "kernels/simd/panel_tile.h"
#include "kernels/simd/dispatch.h"

#include <cstring>
#include <limits>
#include <utility>

// Sums are arrays of vectors, which SVE's, without a size at compile time, cannot be elements of: a
// CPU with SVE runs NEON's copy (dispatch.h).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/panel_tile.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "kernels/simd/clamp-inl.h"
#include "kernels/simd/panel_by_lane-inl.h"
#include "kernels/simd/panel_in_order-inl.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

// Never chosen: dispatch.h.
const PanelTileSet* MakePanelTiles() { return nullptr; }

#else

constexpr int kLanes = HWY_MIN(16, HWY_LANES(float));
constexpr bool kByLane = HWY_ARCH_ARM_A64;

// Input pointers, one for every four pixels: pixel 4i + j is base[i] + j * step, which is an
// addressing mode of x86, so that a tile of 14 pixels needs six registers and not 14. By lane there
// is one for each, which loads move on.
template <int kPixels>
struct Inputs {
  static constexpr int kPerBase = kByLane ? 1 : 4;
  static constexpr int kBases = (kPixels + kPerBase - 1) / kPerBase;
  const float* base[kBases];
  int64_t step, step3;

  HWY_INLINE void open(const TapRun& tap, int64_t firstPixel) {
    step = tap.step;
    if (!kByLane) step3 = 3 * step;
    const float* p = tap.input + firstPixel * step;
    HWY_UNROLL(8)
    for (int i = 0; i < kBases; ++i) {
      base[i] = p;
      p += kPerBase * step;
      asm("" : "+r"(p));  // else compilers fold the bases back into one and run out of registers
    }
  }
  HWY_INLINE const float* pixel(int p) const {
    const int j = p % kPerBase;
    return base[p / kPerBase] + (j == 0 ? 0 : j == 1 ? step : j == 2 ? 2 * step : step3);
  }
  HWY_INLINE void advance(int64_t floats) {
    HWY_UNROLL(8)
    for (int i = 0; i < kBases; ++i) base[i] += floats;
  }
};

// kWidth: floats in a row of the panel. kPair: the second half of the vectors reads a second panel.
template <class D, int kPixels, int kVectors, int kWidth, bool kPair>
struct Tile {
  using V = hn::Vec<D>;
  static constexpr int kN = hn::MaxLanes(D());

  static HWY_INLINE V loadRow(const float* row, const float* row2, int v) {
    const D d;
    constexpr int kPerPanel = kPair ? kVectors / 2 : kVectors;
    const float* at = kPair && v >= kPerPanel ? row2 + (v - kPerPanel) * kN : row + v * kN;
    if (kWidth % kN == 0 || (v + 1) * kN <= kWidth) return hn::LoadU(d, at);
    return hn::MaskedLoad(hn::FirstN(d, kWidth % kN), d, at);
  }

  static HWY_INLINE void step(const Inputs<kPixels>& in, int k, const float* row, const float* row2,
                              V (&sum)[kPixels][kVectors]) {
    const D d;
    V weight[kVectors];
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) weight[v] = loadRow(row + k * kWidth, row2 + k * kWidth, v);
    HWY_UNROLL(16)
    for (int p = 0; p < kPixels; ++p) {
      const V x = hn::Set(d, in.pixel(p)[k]);
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) sum[p][v] = hn::MulAdd(x, weight[v], sum[p][v]);
    }
  }

#if HWY_ARCH_ARM_A64
  static constexpr bool kForOrder = kVectors > 1 && kPixels* kVectors >= 14;
  static constexpr bool kForOrderAlone = kPixels > PanelTiles::mostByLane(kVectors);

  /// Sums may begin with products, not with 0, where all of them are multiplied by a first four.
  static HWY_INLINE bool beginsByLane(const PanelTile& t) {
    return !kForOrderAlone && !(kForOrder && t.inOrder) && t.run >= 4;
  }
  static HWY_INLINE int64_t beginByLane(Inputs<kPixels>& in, const float*& row,
                                        V (&sum)[kPixels][kVectors]) {
    if constexpr (!kForOrderAlone) LaneLoop<kPixels, kVectors>::begin(in.base, row, sum);
    return 4;
  }
  /// Steps by fours; how many, and everything has moved on.
  static HWY_INLINE int64_t stepsByLane(bool inOrder, int64_t count, Inputs<kPixels>& in,
                                        const float*& row, V (&sum)[kPixels][kVectors]) {
    count &= ~int64_t{3};
    if constexpr (kForOrder) {
      if (count > 0 && (inOrder || kForOrderAlone)) {
        InOrderLoop<kPixels, kVectors>::run(in.pixel(0), in.step, row, count / 4, sum);
        in.advance(count);
        row += count * kWidth;
        return count;
      }
    }
    if constexpr (!kForOrderAlone) LaneLoop<kPixels, kVectors>::run(in.base, row, count, sum);
    return count;
  }
#else
  static constexpr bool beginsByLane(const PanelTile&) { return false; }
  static int64_t beginByLane(Inputs<kPixels>&, const float*&, V (&)[kPixels][kVectors]) {
    return 0;
  }
  static int64_t stepsByLane(bool, int64_t, Inputs<kPixels>&, const float*&,
                             V (&)[kPixels][kVectors]) {
    return 0;
  }
#endif

  /// The first 1 <= n < kN floats.
  static HWY_INLINE void copyFirst(const float* from, int64_t n, float* to) {
    if (kN > 4) {
      std::memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
      return;
    }
    to[0] = from[0];  // not worth a call
    if (n > 1) to[1] = from[1];
    if (n > 2) to[2] = from[2];
  }

  static HWY_INLINE void addBias(const float* from, V (&sum)[kPixels][kVectors]) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) {
      const V bias = hn::LoadU(D(), from + v * kN);
      HWY_UNROLL(16)
      for (int p = 0; p < kPixels; ++p) sum[p][v] = hn::Add(sum[p][v], bias);
    }
  }

  static HWY_INLINE void store(const PanelTile& t, float* output, V (&sum)[kPixels][kVectors]) {
    const D d;
    if (t.bias) addBias(t.bias, sum);
    finishSums(d, t, sum);
    constexpr int kLast = kVectors - 1;
    const int64_t last = t.outputs - kLast * kN;  // channels of the last vector
    const int64_t step = t.outputStep;
    float* to = output;
    if (last == kN) {
      HWY_UNROLL(16)
      for (int p = 0; p < kPixels; ++p, to += step) {
        HWY_UNROLL(8)
        for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[p][v], d, to + v * kN);
      }
      return;
    }
    // A last panel: no lane beyond the last channel may be touched, not even rewritten, because
    // another thread may own it.
    HWY_ALIGN float rest[kPixels][kN];
    HWY_UNROLL(16)
    for (int p = 0; p < kPixels; ++p, to += step) {
      HWY_UNROLL(8)
      for (int v = 0; v < kLast; ++v) hn::StoreU(sum[p][v], d, to + v * kN);
      hn::Store(sum[p][kLast], d, rest[p]);
    }
    to = output + kLast * kN;
    for (int p = 0; p < kPixels; ++p, to += step) copyFirst(rest[p], last, to);
  }

  static HWY_INLINE void setToZero(V (&sum)[kPixels][kVectors]) {
    HWY_UNROLL(16)
    for (int p = 0; p < kPixels; ++p) {
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) sum[p][v] = hn::Zero(D());
    }
  }

  /// Where a tap's elements and weights are.
  struct At {
    Inputs<kPixels> in;
    const float *row, *row2;

    HWY_INLINE void open(const PanelTile& t, const TapRun& tap, int64_t firstPixel) {
      in.open(tap, firstPixel);
      row = t.weights + tap.depth * kWidth;
      row2 = row + (kPair ? t.panelStride : 0);
    }
    HWY_INLINE void advance(int64_t steps) {
      in.advance(steps);
      row += steps * kWidth;
      row2 += steps * kWidth;
    }
  };

  /// The next `left` steps.
  static HWY_INLINE void steps(const PanelTile& t, int64_t left, At& at,
                               V (&sum)[kPixels][kVectors]) {
    if constexpr (kByLane) left -= stepsByLane(t.inOrder, left, at.in, at.row, sum);
    for (; !kByLane && left >= kUnroll; left -= kUnroll) {
      HWY_UNROLL(8)
      for (int k = 0; k < kUnroll; ++k) step(at.in, k, at.row, at.row2, sum);
      at.advance(kUnroll);
    }
    for (; left > 0; --left) {
      step(at.in, 0, at.row, at.row2, sum);
      at.advance(1);
    }
  }

  static HWY_INLINE void compute(const PanelTile& t, int64_t firstPixel, float* output) {
    V sum[kPixels][kVectors];
    const TapRun *tap = t.taps, *const end = tap + t.tapCount;
    At at;
    at.open(t, *tap, firstPixel);
    int64_t left = t.run;
    if (beginsByLane(t))
      left -= beginByLane(at.in, at.row, sum);
    else
      setToZero(sum);
    for (;; left = t.run) {
      steps(t, left, at, sum);
      if (++tap == end) break;
      at.open(t, *tap, firstPixel);
    }
    store(t, output, sum);
  }

  static void run(const PanelTile& t, int64_t tiles) {
    int64_t pixel = t.firstPixel;
    float* output = t.output;
    for (; tiles > 0; --tiles, pixel += kPixels, output += kPixels * t.outputStep)
      compute(t, pixel, output);
  }

  static constexpr int kUnroll = kPixels * kVectors > 12 ? 2 : 4;
};

template <class D, int kVectors, int kWidth, bool kPair, int... kPixels>
PanelTiles family(std::integer_sequence<int, kPixels...>) {
  PanelTiles tiles;
  tiles.width = kPair ? 2 * kWidth : kWidth;
  tiles.maxPixelsInOrder = sizeof...(kPixels);
  tiles.maxPixels = kByLane ? PanelTiles::mostByLane(kVectors) : tiles.maxPixelsInOrder;
  ((tiles.run[kPixels + 1] = &Tile<D, kPixels + 1, kVectors, kWidth, kPair>::run), ...);
  return tiles;
}

// Sums, one row of weights and a broadcast must fit in the registers. Cores that issue in order have
// one more of the widest tiles by lane: sums, a vector of every pixel and two of weights.
constexpr int pixelsThatFit(int vectors) {
  if (kByLane) return PanelTiles::mostByLane(vectors) + (vectors == 4 ? 1 : 0);
  const int registers = HWY_TARGET <= HWY_AVX3 ? 32 : 16;
  return HWY_MIN(PanelTiles::kMaxPixels, (registers - vectors - 1) / vectors);
}

template <int kWidth, bool kPair = false>
PanelTiles familyOfWidth() {
  // The narrowest vectors that hold a row: a last panel of 4 or 8 channels wastes no lanes.
  constexpr int kRow = kPair ? 2 * kWidth : kWidth;
  constexpr int kN = HWY_MIN(kLanes, kWidth <= 4 ? 4 : kWidth <= 8 ? 8 : 16);
  constexpr int kVectors = (kRow + kN - 1) / kN;
  using D = hn::CappedTag<float, kN>;
  return family<D, kVectors, kWidth, kPair>(
      std::make_integer_sequence<int, pixelsThatFit(kVectors)>());
}

PanelTileSet makeTiles() {
  PanelTileSet set;
  set.byWidth[0] = familyOfWidth<4>();
  set.byWidth[1] = familyOfWidth<8>();
  set.byWidth[2] = familyOfWidth<12>();
  set.byWidth[3] = familyOfWidth<16>();
  if constexpr (kLanes == 16) set.pair = familyOfWidth<16, true>();
  return set;
}

const PanelTileSet* MakePanelTiles() {
  static const PanelTileSet set = makeTiles();
  return &set;
}

#endif

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace minnow::kernels::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

const PanelTileSet& panelTiles() { return *MINNOW_DISPATCH(MakePanelTiles)(); }

}  // namespace minnow::kernels::simd
#endif
