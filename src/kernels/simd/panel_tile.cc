// The inner microkernel, one source for every instruction set. Registers hold pixels x vectors
// sums; each step of the reduction loads one row of the panel and broadcasts one input element a
// pixel. Tiles are compiled for each number of pixels, so that no loop remains inside a step.
#include "kernels/simd/panel_tile.h"
#include "kernels/simd/dispatch.h"

#include <cstring>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/panel_tile.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "kernels/simd/registers-inl.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd {
#if HWY_TARGET == HWY_SVE
namespace N_NEON {
const PanelTileSet* MakePanelTiles();
}
#endif
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

// Input pointers, one for every four pixels: pixel 4i + j is base[i] + j * step, which are
// addressing modes of both x86 and ARM, so that a tile of 14 pixels needs six registers and not 14.
template <int kPixels>
struct Inputs {
  static constexpr int kBases = (kPixels + 3) / 4;
  const float* base[kBases];
  int64_t step, step3;

  HWY_INLINE Inputs(const TapRun& tap, int64_t firstPixel) : step(tap.step), step3(3 * tap.step) {
    const float* p = tap.input + firstPixel * step;
    HWY_UNROLL(8)
    for (int i = 0; i < kBases; ++i) {
      base[i] = p;
      p += 4 * step;
      asm("" : "+r"(p));  // else compilers fold the bases back into one and run out of registers
    }
  }
  HWY_INLINE const float* pixel(int p) const {
    const int j = p % 4;
    return base[p / 4] + (j == 0 ? 0 : j == 1 ? step : j == 2 ? 2 * step : step3);
  }
  HWY_INLINE void advance(int64_t floats) {
    HWY_UNROLL(8)
    for (int i = 0; i < kBases; ++i) base[i] += floats;
  }
};

// kN: floats in a vector. kWidth: floats in a row of the panel. kPair: the second half of the
// vectors reads a second panel. Sum i of a tile is vector i % kVectors of pixel i / kVectors.
template <int kN, int kPixels, int kVectors, int kWidth, bool kPair>
struct Tile {
  const PanelTile& t;

  using D = hn::CappedTag<float, kN>;
  using V = hn::Vec<D>;
  static constexpr int kSums = kPixels * kVectors;
  static constexpr int kUnroll = kSums > 12 ? 2 : 4;

  template <int v>
  static HWY_INLINE V loadRow(const float* row, const float* row2) {
    const D d;
    constexpr int kPerPanel = kPair ? kVectors / 2 : kVectors;
    const float* at = kPair && v >= kPerPanel ? row2 + (v - kPerPanel) * kN : row + v * kN;
    if constexpr (v >= kVectors)
      return hn::Undefined(d);
    else if constexpr (kWidth % kN == 0 || (v + 1) * kN <= kWidth)
      return hn::LoadU(d, at);
    else
      return hn::MaskedLoad(hn::FirstN(d, kWidth % kN), d, at);
  }

  template <int... i, class... Vs>
  static HWY_INLINE void step(std::integer_sequence<int, i...>, const Inputs<kPixels>& in, int k,
                              const float* row, const float* row2, Vs&... sum) {
    static_assert(kVectors <= 4);
    const D d;
    const V w0 = loadRow<0>(row + k * kWidth, row2 + k * kWidth);
    const V w1 = loadRow<1>(row + k * kWidth, row2 + k * kWidth);
    const V w2 = loadRow<2>(row + k * kWidth, row2 + k * kWidth);
    const V w3 = loadRow<3>(row + k * kWidth, row2 + k * kWidth);
    ((sum = hn::MulAdd(hn::Set(d, in.pixel(i / kVectors)[k]), nth<i % kVectors>(w0, w1, w2, w3),
                       sum)),
     ...);
  }

  template <int... i, class... Vs>
  static HWY_INLINE void store(std::integer_sequence<int, i...>, const PanelTile& t, Vs&... sum) {
    const D d;
    ((sum = hn::Add(sum, hn::LoadU(d, t.bias + i % kVectors * kN))), ...);
    if (t.clamp) {
      const V low = hn::Set(d, t.low), high = hn::Set(d, t.high);
      ((sum = clamped(sum, low, high)), ...);
    }
    if (t.outputs == kN * kVectors) {
      (hn::StoreU(sum, d, t.output + i / kVectors * t.outputStep + i % kVectors * kN), ...);
      return;
    }
    // A last panel: no lane beyond the last channel may be touched, not even rewritten, because
    // another thread may own it.
    HWY_ALIGN float rows[kPixels][kN * kVectors];
    (hn::StoreU(sum, d, rows[i / kVectors] + i % kVectors * kN), ...);
    for (int p = 0; p < kPixels; ++p)
      std::memcpy(t.output + p * t.outputStep, rows[p], t.outputs * sizeof(float));
  }

  template <class... Vs>
  HWY_INLINE void operator()(Vs&... sum) const {
    const Indices<kSums> all;
    for (const TapRun *tap = t.taps, *end = tap + t.tapCount; tap != end; ++tap) {
      const float* row = t.weights + tap->depth * kWidth;
      const float* row2 = row + t.panelStride;
      Inputs<kPixels> in(*tap, t.firstPixel);
      int64_t left = t.run;
      for (; left >= kUnroll; left -= kUnroll) {
        HWY_UNROLL(8)
        for (int k = 0; k < kUnroll; ++k) step(all, in, k, row, row2, sum...);
        in.advance(kUnroll);
        row += kUnroll * kWidth;
        row2 += kUnroll * kWidth;
      }
      for (; left > 0; --left) {
        step(all, in, 0, row, row2, sum...);
        in.advance(1);
        row += kWidth;
        row2 += kWidth;
      }
    }
    store(all, t, sum...);
  }

  static void run(const PanelTile& t) { withZeros<kSums>(D(), Tile{t}); }
};

template <int kN, int kVectors, int kWidth, bool kPair, int... kPixels>
PanelTiles family(std::integer_sequence<int, kPixels...>) {
  PanelTiles tiles;
  tiles.width = kPair ? 2 * kWidth : kWidth;
  tiles.maxPixels = sizeof...(kPixels);
  ((tiles.run[kPixels + 1] = &Tile<kN, kPixels + 1, kVectors, kWidth, kPair>::run), ...);
  return tiles;
}

// Sums, one row of weights and a broadcast must fit in the registers.
constexpr int pixelsThatFit(int vectors) {
  const int registers = HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64 ? 32 : 16;
  return HWY_MIN(PanelTiles::kMaxPixels, (registers - vectors - 1) / vectors);
}

template <int kLanes, int kWidth, bool kPair = false>
PanelTiles familyOfWidth() {
  // The narrowest vectors that hold a row: a last panel of 4 or 8 channels wastes no lanes.
  constexpr int kRow = kPair ? 2 * kWidth : kWidth;
  constexpr int kN = HWY_MIN(kLanes, kWidth <= 4 ? 4 : kWidth <= 8 ? 8 : 16);
  constexpr int kVectors = (kRow + kN - 1) / kN;
  return family<kN, kVectors, kWidth, kPair>(Indices<pixelsThatFit(kVectors)>());
}

#if HWY_HAVE_SCALABLE

/// Whole panels are SVE's where its vectors are longer than NEON's, which every such CPU has too:
/// tiles for each length and each width of a last panel would be 200 KB of code.
PanelTileSet makeTiles() {
  PanelTileSet set = *N_NEON::MakePanelTiles();
  const size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  if (lanes == 8) set.byWidth[3] = familyOfWidth<8, 16>();
  if (lanes >= 16) {
    set.byWidth[3] = familyOfWidth<16, 16>();
    set.pair = familyOfWidth<16, 16, true>();
  }
  return set;
}

#else

PanelTileSet makeTiles() {
  constexpr int kLanes = HWY_MIN(16, HWY_LANES(float));
  PanelTileSet set;
  set.byWidth[0] = familyOfWidth<kLanes, 4>();
  set.byWidth[1] = familyOfWidth<kLanes, 8>();
  set.byWidth[2] = familyOfWidth<kLanes, 12>();
  set.byWidth[3] = familyOfWidth<kLanes, 16>();
  if constexpr (kLanes == 16) set.pair = familyOfWidth<kLanes, 16, true>();
  return set;
}

#endif

#endif

}  // namespace

const PanelTileSet* MakePanelTiles() {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  return nullptr;  // never chosen: dispatch.h
#else
  static const PanelTileSet set = makeTiles();
  return &set;
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace minnow::kernels::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

const PanelTileSet& panelTiles() { return *MINNOW_DISPATCH(MakePanelTiles)(); }

}  // namespace minnow::kernels::simd
#endif
