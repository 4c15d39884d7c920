// The inner kernels of depthwise convolution, one source for every instruction set.
#include "kernels/simd/depthwise_tile.h"
#include "kernels/simd/dispatch.h"

#include <cmath>
#include <limits>
#include <utility>

// Sums are arrays of vectors, which SVE's, without a size at compile time, cannot be elements of: a
// CPU with SVE runs NEON's copy (dispatch.h).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/depthwise_tile.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "kernels/simd/clamp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

// Never chosen: dispatch.h.
const DepthwiseTiles* MakeDepthwiseTiles() { return nullptr; }

#else

// Two rows of output at a time take 32 registers.
#undef MINNOW_PAIRS_ROWS
#define MINNOW_PAIRS_ROWS (HWY_ARCH_ARM_A64 || HWY_TARGET <= HWY_AVX3)

/// The same vector, in a register: compilers would rather load it anew for each use.
template <class V>
HWY_INLINE V inRegister(V x) {
#if HWY_ARCH_X86
  asm("" : "+v"(x.raw));
#elif HWY_ARCH_ARM_A64
  asm("" : "+w"(x.raw));
#endif
  return x;
}

/// Stores the vectors of a pixel and goes on by `step` floats.
template <class D, int kVectors>
HWY_INLINE void storePixel(D d, const hn::Vec<D> (&sum)[kVectors], float*& to, int64_t step) {
#if HWY_ARCH_ARM_A64
  if constexpr (kVectors == 1 && hn::MaxLanes(D()) == 4) {  // both by one instruction
    asm volatile("st1 {%1.4s}, [%0], %2"
                 : "+r"(to)
                 : "w"(sum[0].raw), "r"(step * static_cast<int64_t>(sizeof(float)))
                 : "memory");
    return;
  }
#endif
  HWY_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[v], d, to + v * hn::MaxLanes(D()));
  to += step;
}

/// kRows rows of pixels.
template <int kRows, class D, int kSums, int kVectors>
HWY_INLINE void storeSums(D d, const DepthwiseTile& t, int64_t c,
                          hn::Vec<D> (&sum)[kSums][kVectors]) {
  constexpr int kN = hn::MaxLanes(D()), kPixels = kSums / kRows;
  HWY_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    // -0 becomes +0: KernelArgs::bias().
    const auto bias = hn::Add(hn::LoadU(d, t.bias + c + v * kN), hn::Zero(d));
    HWY_UNROLL(16)
    for (int i = 0; i < kSums; ++i) sum[i][v] = hn::Add(sum[i][v], bias);
  }
  finishSums(d, t, sum);
  HWY_UNROLL(2)
  for (int row = 0; row < kRows; ++row) {
    float* to = t.output + row * t.outputRowStep + c;
    HWY_UNROLL(8)
    for (int p = 0; p < kPixels; ++p) storePixel(d, sum[row * kPixels + p], to, t.outputStep);
  }
}

/// Kernels with kKernel adjacent columns: an input pixel is loaded once for all the output pixels
/// it touches, in rising order of columns for each of them.
template <int kPixels, int kKernel, int kStride, bool kBorder>
struct Columns {
  static constexpr int kColumns = (kPixels - 1) * kStride + kKernel;

  template <class D, int kVectors>
  static HWY_INLINE void block(D d, const DepthwiseTile& t, int64_t c) {
    using V = hn::Vec<D>;
    constexpr int kN = hn::MaxLanes(D());
    V sum[kPixels][kVectors];
    HWY_UNROLL(8)
    for (int p = 0; p < kPixels; ++p) {
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sum[p][v] = hn::Zero(d);
    }
    const float* weights = t.weights + c;
    for (int64_t row = 0; row < t.tapCount; ++row) {
      V w[kKernel][kVectors];
      HWY_UNROLL(8)
      for (int k = 0; k < kKernel; ++k) {
        HWY_UNROLL(4)
        for (int v = 0; v < kVectors; ++v) w[k][v] = hn::LoadU(d, weights + v * kN);
        weights += t.weightStep;
      }
      const int64_t step = kBorder ? 0 : t.taps[row].step;
      const float* in = kBorder ? nullptr : t.taps[row].input + t.firstPixel * kStride * step + c;
      HWY_UNROLL(32)
      for (int i = 0; i < kColumns; ++i) {
        if (kBorder) in = t.columns[row * kColumns + i] + c;
        HWY_UNROLL(4)
        for (int v = 0; v < kVectors; ++v) {
          const V x = inRegister(hn::LoadU(d, in + v * kN));
          HWY_UNROLL(8)
          for (int k = kKernel - 1; k >= 0; --k)
            if (i >= k && (i - k) % kStride == 0 && (i - k) / kStride < kPixels)
              sum[(i - k) / kStride][v] = hn::MulAdd(x, w[k][v], sum[(i - k) / kStride][v]);
        }
        in += step;
      }
    }
    storeSums<1>(d, t, c, sum);
  }
  static constexpr int kWide = 1;
  static constexpr int kLeastChannels = DepthwiseTiles::kLeastChannels;
};

#if HWY_ARCH_ARM_A64

/// Two rows of output pixels under a square kernel: an input pixel is loaded once for all that it
/// touches in both. Instructions stay in the order written, since compilers, left alone, move up
/// more loads than there are registers: a pixel is loaded two before its turn and its pointer two
/// before that, so that in-order cores wait for neither.
template <int kPixels, int kKernel, int kStride, bool kBorder>
struct RowPair {
  static constexpr int kColumns = (kPixels - 1) * kStride + kKernel;
  static constexpr int kAll = (kKernel + kStride) * kColumns;
  static constexpr int kAhead = 2;
  /// A row of weights stays in registers for the second row of output, kStride input rows later.
  static constexpr bool kKeepsWeights = 2 * kPixels + (kStride + 1) * kKernel + kAhead < 32;

  using D = hn::CappedTag<float, 4>;
  using V = hn::Vec<D>;
  using Weights = V[kKernel][kKernel];
  using Sums = V[2 * kPixels][1];

  /// Input pixels row by row; pointers to them come in pairs.
  struct Pixels {
    const float* const* next;
    const float* pointers[2 * kAhead];
    float32x4_t values[kAhead];

    HWY_INLINE void loadPointers(int n) {
      const float *&first = pointers[n % (2 * kAhead)], *&second = pointers[(n + 1) % (2 * kAhead)];
      asm volatile("ldp %0, %1, [%2], #16"
                   : "=r"(first), "=r"(second), "+r"(next)
                   : "m"(*reinterpret_cast<const float* const(*)[2]>(next)));
    }
    HWY_INLINE void loadValue(int n, int64_t c) {
      values[n % kAhead] = load(pointers[n % (2 * kAhead)] + c);
    }
  };

  static HWY_INLINE float32x4_t load(const float* from) {
    float32x4_t x = vld1q_f32(from);
    asm volatile("" : "+w"(x));
    return x;
  }
  /// A sum begins with its first product, rounded as a multiply-add to 0 is.
  static HWY_INLINE void multiplyAdd(float32x4_t x, V w, bool first, V& sum) {
    if (first)
      asm volatile("fmul %0.4s, %1.4s, %2.4s" : "=w"(sum.raw) : "w"(x), "w"(w.raw));
    else
      asm volatile("fmla %0.4s, %1.4s, %2.4s" : "+w"(sum.raw) : "w"(x), "w"(w.raw));
  }

  static HWY_INLINE void loadRow(const DepthwiseTile& t, int64_t c, int row, V (&w)[kKernel]) {
    const float* from = t.weights + row * kKernel * t.weightStep + c;
    asm volatile("" : "+r"(from));  // else what was loaded for the other row is kept on the stack
    HWY_UNROLL(8)
    for (int k = 0; k < kKernel; ++k) w[k].raw = load(from + k * t.weightStep);
  }

  /// What column `i` of an input row adds to output row `row` by a row of weights.
  static HWY_INLINE void addColumn(float32x4_t x, int i, const V (&w)[kKernel], int row,
                                   bool firstWeights, Sums& sum) {
    HWY_UNROLL(8)
    for (int k = 0; k < kKernel; ++k) {  // first the sum that waited longest
      const int p = (i - k) / kStride;
      if (i >= k && (i - k) % kStride == 0 && p < kPixels)
        multiplyAdd(x, w[k], firstWeights && k == 0, sum[row * kPixels + p][0]);
    }
  }

  template <int kRow>
  static HWY_INLINE void addRow(const DepthwiseTile& t, int64_t c, Pixels& in, Weights& w,
                                Sums& sum) {
    if constexpr (kRow < kKernel) loadRow(t, c, kRow, w[kRow]);
    if constexpr (kRow >= kStride && !kKeepsWeights)
      loadRow(t, c, kRow - kStride, w[kRow - kStride]);
    HWY_UNROLL(32)
    for (int i = 0; i < kColumns; ++i) {
      const int n = kRow * kColumns + i;
      const float32x4_t x = in.values[n % kAhead];
      if (n + kAhead < kAll) in.loadValue(n + kAhead, c);
      if constexpr (kRow >= kStride) addColumn(x, i, w[kRow - kStride], 1, kRow == kStride, sum);
      if (n % 2 == 0 && n + 2 * kAhead < kAll) in.loadPointers(n + 2 * kAhead);
      if constexpr (kRow < kKernel) addColumn(x, i, w[kRow], 0, kRow == 0, sum);
    }
  }

  template <int... kRow>
  static HWY_INLINE void addRows(const DepthwiseTile& t, int64_t c, Sums& sum,
                                 std::integer_sequence<int, kRow...>) {
    Weights w;
    Pixels in;
    in.next = t.columns;
    in.loadPointers(0);
    in.loadPointers(kAhead);
    HWY_UNROLL(4)
    for (int i = 0; i < kAhead; ++i) in.loadValue(i, c);
    (addRow<kRow>(t, c, in, w, sum), ...);
  }

  template <class, int>
  static HWY_INLINE void block(D d, const DepthwiseTile& t, int64_t c) {
    Sums sum;
    addRows(t, c, sum, std::make_integer_sequence<int, kKernel + kStride>());
    storeSums<2>(d, t, c, sum);
  }
  static constexpr int kWide = 1;
  static constexpr int kLeastChannels = DepthwiseTiles::kLeastChannels;
};

#elif MINNOW_PAIRS_ROWS

/// Two rows of output pixels under a 3x3 kernel, whose weights stay in registers beside the sums. The
/// first cache gives a vector a cycle, and less while lines come and go; a row at a time loads one
/// for 1.7 multiply-adds, two rows one for 2.8.
template <int kPixels, int kKernel, int kStride, bool kBorder>
struct RowPair {
  static constexpr int kColumns = (kPixels - 1) * kStride + kKernel;

  /// A row of weights stays in registers for the second row of output, kStride input rows later.
  static constexpr bool kKeepsWeights = kKernel == 3;

  template <class V>
  using Sums = V[2 * kPixels][1];

  template <class D>
  static HWY_INLINE void loadRow(D d, const DepthwiseTile& t, int64_t c, int row,
                                 hn::Vec<D> (&w)[kKernel]) {
    const float* from = t.weights + row * kKernel * t.weightStep + c;
    HWY_UNROLL(8)
    for (int k = 0; k < kKernel; ++k) w[k] = inRegister(hn::LoadU(d, from + k * t.weightStep));
  }

  /// What column `i` of an input row adds to output row `row` by a row of weights.
  template <class V>
  static HWY_INLINE void addColumn(V x, int i, const V (&w)[kKernel], int row, Sums<V>& sum) {
    HWY_UNROLL(8)
    for (int k = kKernel - 1; k >= 0; --k) {
      const int p = (i - k) / kStride;
      if (i >= k && (i - k) % kStride == 0 && p < kPixels)
        sum[row * kPixels + p][0] = hn::MulAdd(x, w[k], sum[row * kPixels + p][0]);
    }
  }

  template <class D, int>
  static HWY_INLINE void block(D d, const DepthwiseTile& t, int64_t c) {
    using V = hn::Vec<D>;
    Sums<V> sum;
    HWY_UNROLL(16)
    for (int i = 0; i < 2 * kPixels; ++i) sum[i][0] = hn::Zero(d);
    V w[kKernel][kKernel];
    HWY_UNROLL(8)
    for (int row = 0; row < kKernel + kStride; ++row) {
      if (row < kKernel) loadRow(d, t, c, row, w[row]);
      if (row >= kStride && !kKeepsWeights) loadRow(d, t, c, row - kStride, w[row - kStride]);
      const int64_t step = kBorder ? 0 : t.taps[row].step;
      const float* in = kBorder ? nullptr : t.taps[row].input + c;
      HWY_UNROLL(32)
      for (int i = 0; i < kColumns; ++i, in += step) {
        if (kBorder) in = t.columns[row * kColumns + i] + c;
        const V x = inRegister(hn::LoadU(d, in));
        if (row >= kStride) addColumn(x, i, w[row - kStride], 1, sum);
        if (row < kKernel) addColumn(x, i, w[row], 0, sum);
      }
    }
    storeSums<2>(d, t, c, sum);
  }
  static constexpr int kWide = 1;
  static constexpr int kLeastChannels = DepthwiseTiles::kLeastChannels;
};

#endif

template <int kPixels>
struct Any {
  template <class D, int kVectors>
  static HWY_INLINE void block(D d, const DepthwiseTile& t, int64_t c) {
    using V = hn::Vec<D>;
    constexpr int kN = hn::MaxLanes(D());
    V sum[kPixels][kVectors];
    HWY_UNROLL(8)
    for (int p = 0; p < kPixels; ++p) {
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sum[p][v] = hn::Zero(d);
    }
    const float* weights = t.weights + c;
    for (int64_t tap = 0; tap < t.tapCount; ++tap) {
      const int64_t step = t.taps[tap].step;
      const float* in = t.taps[tap].input + t.firstPixel * step + c;
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) {
        const V w = hn::LoadU(d, weights + v * kN);
        HWY_UNROLL(8)
        for (int p = 0; p < kPixels; ++p)
          sum[p][v] = hn::MulAdd(hn::LoadU(d, in + p * step + v * kN), w, sum[p][v]);
      }
      weights += t.weightStep;
    }
    storeSums<1>(d, t, c, sum);
  }
  /// Enough chains to hide the latency of multiply-add.
  static constexpr int kWide = kPixels == 1 ? 4 : 2;
  static constexpr int kLeastChannels = 1;
};

/// Channels c to end in vectors of D; where they do not fill the last, it overlaps the one before.
/// Not inlined, so that each length of vector is compiled once a kernel.
template <class Kernel, class D>
HWY_NOINLINE void vectors(D d, const DepthwiseTile& tile, int64_t c, int64_t end) {
  const DepthwiseTile t = tile;  // which no store changes
  constexpr int64_t kN = hn::MaxLanes(D());
  for (; c < end; c += kN) Kernel::template block<D, 1>(d, t, HWY_MIN(c, end - kN));
}

template <class Kernel>
void runFewChannels(const DepthwiseTile& t) {
#if HWY_MAX_BYTES >= 64
  if (t.channels >= 8) return vectors<Kernel>(hn::CappedTag<float, 8>(), t, 0, t.channels);
#endif
  if (t.channels >= DepthwiseTiles::kLeastChannels)
    return vectors<Kernel>(hn::CappedTag<float, 4>(), t, 0, t.channels);
  if constexpr (Kernel::kLeastChannels == 1)
    vectors<Kernel>(hn::CappedTag<float, 1>(), t, 0, t.channels);
}

/// All channels of a tile: wide blocks, then single vectors, of half the length for a short rest;
/// with fewer channels than lanes, shorter vectors, and scalars below four (Any alone).
template <class Kernel>
void run(const DepthwiseTile& t) {
  const hn::CappedTag<float, 16> d;
  constexpr int64_t kN = hn::MaxLanes(d);
  if (t.channels < kN) return runFewChannels<Kernel>(t);
  int64_t c = 0;
  if constexpr (Kernel::kWide > 1)
    for (; c + Kernel::kWide * kN <= t.channels; c += Kernel::kWide * kN)
      Kernel::template block<decltype(d), Kernel::kWide>(d, t, c);
#if HWY_MAX_BYTES >= 64
  const int64_t rest = (t.channels - c) % kN;
  if (rest != 0 && rest <= 8) {
    vectors<Kernel>(d, t, c, t.channels - rest);
    return vectors<Kernel>(hn::CappedTag<float, 8>(), t, t.channels - 8, t.channels);
  }
#endif
  vectors<Kernel>(d, t, c, t.channels);
}

template <int kKernel, int kStride, int... kPixels>
void listColumns(DepthwiseTiles& tiles, std::integer_sequence<int, kPixels...>) {
  auto& rows = tiles.rows[kKernel == 5][kStride == 2];
#if !HWY_ARCH_ARM_A64  // whose rows come in pairs, and the rest had better take little code
  ((rows.inside[kPixels + 1] = &run<Columns<kPixels + 1, kKernel, kStride, false> >), ...);
#endif
  ((rows.border[kPixels + 1] = &run<Columns<kPixels + 1, kKernel, kStride, true> >), ...);
}

#if MINNOW_PAIRS_ROWS
template <int kKernel, int kStride, int... kPixels>
void listPairs(DepthwiseTiles& tiles, std::integer_sequence<int, kPixels...>) {
  constexpr int kLeast = DepthwiseTiles::kLeastPair;
  auto& pair = tiles.pair[kKernel == 5][kStride == 2];
#if !HWY_ARCH_ARM_A64
  ((pair.inside[kPixels + kLeast] = &run<RowPair<kPixels + kLeast, kKernel, kStride, false> >),
   ...);
#endif
  ((pair.border[kPixels + kLeast] = &run<RowPair<kPixels + kLeast, kKernel, kStride, true> >), ...);
}
#endif

const DepthwiseTiles* MakeDepthwiseTiles() {
  static const DepthwiseTiles tiles = [] {
    DepthwiseTiles all;
    const std::make_integer_sequence<int, DepthwiseTiles::kMaxSingle> pixels;
    listColumns<3, 1>(all, pixels);
    listColumns<3, 2>(all, pixels);
    listColumns<5, 1>(all, pixels);
    listColumns<5, 2>(all, pixels);
#if MINNOW_PAIRS_ROWS
    const std::make_integer_sequence<int,
                                     DepthwiseTiles::kMaxPixels + 1 - DepthwiseTiles::kLeastPair>
        paired;
    listPairs<3, 1>(all, paired);
    listPairs<3, 2>(all, paired);
    listPairs<5, 1>(all, paired);
    listPairs<5, 2>(all, paired);
#endif
    all.any[1] = &run<Any<1> >;
    all.any[2] = &run<Any<2> >;
    all.any[3] = &run<Any<3> >;
    all.any[4] = &run<Any<4> >;
    return all;
  }();
  return &tiles;
}

#endif

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace minnow::kernels::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

const DepthwiseTiles& depthwiseTiles() { return *MINNOW_DISPATCH(MakeDepthwiseTiles)(); }

}  // namespace minnow::kernels::simd
#endif
