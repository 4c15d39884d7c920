// The inner microkernel, one source for every instruction set. Registers hold pixels x vectors
// sums; each step of the reduction loads one row of the panel and broadcasts one input element a
// pixel. Tiles are compiled for each number of pixels, so that no loop remains inside a step.
// AArch64 multiplies by a lane of a vector: there four input elements of a pixel are loaded at once,
// and four steps are written out in the order in which they run.
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

// sum += x[kLane] * weight, and two loads. On AArch64 they stay where they are written: GCC's scheduler
// would load ahead until sums move to the stack.
template <int kLane, class V>
HWY_INLINE void mulAddLane(V x, V weight, V& sum) {
#if HWY_ARCH_ARM_A64
  asm volatile("fmla %0.4s, %1.4s, %2.s[%3]"
               : "+w"(sum.raw)
               : "w"(weight.raw), "w"(x.raw), "i"(kLane));
#else
  sum = hn::MulAdd(hn::Broadcast<kLane>(x), weight, sum);
#endif
}
template <int kOffset, class V>
HWY_INLINE void loadPairHere(const float* from, V& first, V& second) {
#if HWY_ARCH_ARM_A64
  using Loaded = const decltype(first.raw)*;
  const Loaded at = reinterpret_cast<Loaded>(from + kOffset);
  asm volatile("ldp %q0, %q1, [%2, %3]"
               : "=w"(first.raw), "=w"(second.raw)
               : "r"(from), "i"(kOffset * sizeof(float)), "m"(at[0]), "m"(at[1]));
#else
  const hn::DFromV<V> d;
  first = hn::LoadU(d, from + kOffset);
  second = hn::LoadU(d, from + kOffset + hn::Lanes(d));
#endif
}

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

  // Vector i of the weights of four steps, for every pixel. Weights come in pairs, one instruction
  // each. Where registers are left, a pair is on its way while another is in use; with few pixels
  // more of them, to cover a load's latency.
  static constexpr int kWeights = kPixels < 4 ? 8 : kPixels * (kVectors + 1) <= 28 ? 4 : 2;
  template <int i>
  static HWY_INLINE void loadPair(const float* row, V (&weight)[kWeights]) {
    if constexpr (i < 4 * kVectors)
      loadPairHere<i * kN>(row, weight[i % kWeights], weight[i % kWeights + 1]);
  }
  template <int i>
  static HWY_INLINE void mulAddQuad(const V (&x)[kPixels], const float* row, V (&weight)[kWeights],
                                    V (&sum)[kPixels][kVectors]) {
    if (i % 2 == 0) loadPair<i + kWeights - 2>(row, weight);
    HWY_UNROLL(16)
    for (int p = 0; p < kPixels; ++p)
      mulAddLane<i / kVectors>(x[p], weight[i % kWeights], sum[p][i % kVectors]);
  }

  template <int... i>
  static HWY_INLINE void step4(Inputs<kPixels>& in, const float* row, V (&sum)[kPixels][kVectors],
                               std::integer_sequence<int, i...>) {
    const D d;
    V weight[kWeights], x[kPixels];
    if (kWeights > 2) loadPair<0>(row, weight);
    if (kWeights > 4) {
      loadPair<2>(row, weight);
      loadPair<4>(row, weight);
    }
    HWY_UNROLL(16)
    for (int p = 0; p < kPixels; ++p) x[p] = hn::LoadU(d, in.pixel(p));
    in.advance(4);  // here an in-order core adds beside a load
    (mulAddQuad<i>(x, row, weight, sum), ...);
  }

  static constexpr bool kInOrder = kByLane && kVectors > 1 && kPixels* kVectors >= 12;

  /// Rounds of four steps.
  static HWY_INLINE void stepInOrder(const Inputs<kPixels>& in, const float* row, int64_t rounds,
                                     V (&sum)[kPixels][kVectors]) {
#if HWY_ARCH_ARM_A64
    InOrderLoop<kPixels, kVectors>::run(in.pixel(0), in.step, row, rounds, sum);
#endif
  }

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

  static HWY_INLINE void store(const PanelTile& t, V (&sum)[kPixels][kVectors]) {
    const D d;
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) {
      const V bias = hn::LoadU(d, t.bias + v * kN);
      HWY_UNROLL(16)
      for (int p = 0; p < kPixels; ++p) sum[p][v] = hn::Add(sum[p][v], bias);
    }
    finishSums(d, t, sum);
    constexpr int kLast = kVectors - 1;
    const int64_t last = t.outputs - kLast * kN;  // channels of the last vector
    const int64_t step = t.outputStep;
    float* to = t.output;
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
    to = t.output + kLast * kN;
    for (int p = 0; p < kPixels; ++p, to += step) copyFirst(rest[p], last, to);
  }

  static void run(const PanelTile& t) {
    const D d;
    V sum[kPixels][kVectors];
    HWY_UNROLL(16)
    for (int p = 0; p < kPixels; ++p) {
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) sum[p][v] = hn::Zero(d);
    }
    for (const TapRun *tap = t.taps, *end = tap + t.tapCount; tap != end; ++tap) {
      const float* row = t.weights + tap->depth * kWidth;
      const float* row2 = row + t.panelStride;
      Inputs<kPixels> in(*tap, t.firstPixel);
      int64_t left = t.run;
      if constexpr (kByLane) {
        int64_t rounds = left / 4;
        if constexpr (kInOrder) {
          if (t.inOrder && rounds > 0) {
            stepInOrder(in, row, rounds, sum);
            in.advance(4 * rounds);
            row += 4 * rounds * kWidth;
            rounds = 0;
          }
        }
        for (; rounds > 0; --rounds, row += 4 * kWidth)
          step4(in, row, sum, std::make_integer_sequence<int, 4 * kVectors>());
        left %= 4;
      }
      for (; !kByLane && left >= kUnroll; left -= kUnroll) {
        HWY_UNROLL(8)
        for (int k = 0; k < kUnroll; ++k) step(in, k, row, row2, sum);
        in.advance(kUnroll);
        row += kUnroll * kWidth;
        row2 += kUnroll * kWidth;
      }
      for (; left > 0; --left) {
        step(in, 0, row, row2, sum);
        in.advance(1);
        row += kWidth;
        row2 += kWidth;
      }
    }
    store(t, sum);
  }

  static constexpr int kUnroll = kPixels * kVectors > 12 ? 2 : 4;
};

template <class D, int kVectors, int kWidth, bool kPair, int... kPixels>
PanelTiles family(std::integer_sequence<int, kPixels...>) {
  PanelTiles tiles;
  tiles.width = kPair ? 2 * kWidth : kWidth;
  tiles.maxPixels = sizeof...(kPixels);
  ((tiles.run[kPixels + 1] = &Tile<D, kPixels + 1, kVectors, kWidth, kPair>::run), ...);
  return tiles;
}

// Sums, one row of weights and a broadcast must fit in the registers; by lane sums, a vector of every
// pixel and two of weights.
constexpr int pixelsThatFit(int vectors) {
  const int registers = HWY_TARGET <= HWY_AVX3 || kByLane ? 32 : 16;
  const int pixels =
      kByLane ? (registers - 2) / (vectors + 1) : (registers - vectors - 1) / vectors;
  // By lane every pixel is loaded too, so that tiles of one vector gain little from more of them.
  const int worthTheirCode = kByLane && vectors == 1 ? 8 : PanelTiles::kMaxPixels;
  return HWY_MIN(worthTheirCode, pixels);
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
