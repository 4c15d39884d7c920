// The inner kernels of depthwise convolution, one source for every instruction set.
#include "kernels/simd/depthwise_tile.h"
#include "kernels/simd/dispatch.h"

#include <cmath>
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

template <class D, int kPixels, int kVectors>
HWY_INLINE void storeSums(D d, const DepthwiseTile& t, int64_t c,
                          hn::Vec<D> (&sum)[kPixels][kVectors]) {
  constexpr int kN = hn::MaxLanes(D());
  HWY_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    const auto bias = hn::LoadU(d, t.bias + c + v * kN);
    HWY_UNROLL(8)
    for (int p = 0; p < kPixels; ++p) sum[p][v] = hn::Add(sum[p][v], bias);
  }
  if (t.clamp) clampSums(d, t.low, t.high, sum);
  float* to = t.output + c;
  const int64_t step = t.outputStep;
  HWY_UNROLL(8)
  for (int p = 0; p < kPixels; ++p) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[p][v], d, to + v * kN);
    to += step;
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
    storeSums<D, kPixels, kVectors>(d, t, c, sum);
  }
  static constexpr int kWide = 1;
};

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
    storeSums<D, kPixels, kVectors>(d, t, c, sum);
  }
  /// Enough chains to hide the latency of multiply-add.
  static constexpr int kWide = kPixels == 1 ? 4 : 2;
};

/// Channels c to end in vectors of D; where they do not fill the last, it overlaps the one before.
/// Not inlined, so that each length of vector is compiled once a kernel.
template <class Kernel, class D>
HWY_NOINLINE void vectors(D d, const DepthwiseTile& t, int64_t c, int64_t end) {
  constexpr int64_t kN = hn::MaxLanes(D());
  for (; c < end; c += kN) Kernel::template block<D, 1>(d, t, HWY_MIN(c, end - kN));
}

template <class Kernel>
void runFewChannels(const DepthwiseTile& t) {
#if HWY_MAX_BYTES >= 64
  if (t.channels >= 8) return vectors<Kernel>(hn::CappedTag<float, 8>(), t, 0, t.channels);
#endif
  if (t.channels >= 4) return vectors<Kernel>(hn::CappedTag<float, 4>(), t, 0, t.channels);
  vectors<Kernel>(hn::CappedTag<float, 1>(), t, 0, t.channels);
}

/// All channels of a tile: wide blocks, then single vectors, of half the length for a short rest;
/// with fewer channels than lanes, shorter vectors, and scalars below four.
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
  auto& inside = tiles.inside[kKernel == 5][kStride == 2];
  auto& border = tiles.border[kKernel == 5][kStride == 2];
  ((inside[kPixels + 1] = &run<Columns<kPixels + 1, kKernel, kStride, false> >), ...);
  ((border[kPixels + 1] = &run<Columns<kPixels + 1, kKernel, kStride, true> >), ...);
}

const DepthwiseTiles* MakeDepthwiseTiles() {
  static const DepthwiseTiles tiles = [] {
    DepthwiseTiles all;
    const std::make_integer_sequence<int, DepthwiseTiles::kMaxPixels> pixels;
    listColumns<3, 1>(all, pixels);
    listColumns<3, 2>(all, pixels);
    listColumns<5, 1>(all, pixels);
    listColumns<5, 2>(all, pixels);
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
