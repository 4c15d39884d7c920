// The inner kernels of depthwise convolution, one source for every instruction set.
#include "kernels/simd/depthwise_tile.h"
#include "kernels/simd/dispatch.h"

#include <cmath>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/depthwise_tile.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "kernels/simd/registers-inl.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd {
#if HWY_TARGET == HWY_SVE
namespace N_NEON {
const DepthwiseTiles* MakeDepthwiseTiles();
}
#endif
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

/// The same vector, in a register: compilers would rather load it anew for each use.
template <class V>
HWY_INLINE V inRegister(V x) {
#if HWY_ARCH_X86
  asm("" : "+v"(x.raw));
#elif HWY_HAVE_SCALABLE
  asm("" : "+w"(x));
#elif HWY_ARCH_ARM_A64
  asm("" : "+w"(x.raw));
#endif
  return x;
}

/// Sum i of a block is vector i / kPixels of pixel i % kPixels.
template <int kN, int kPixels, int... i, class... Vs>
HWY_INLINE void storeSums(std::integer_sequence<int, i...>, const DepthwiseTile& t, int64_t c,
                          Vs&... sum) {
  const hn::CappedTag<float, kN> d;
  ((sum = hn::Add(sum, hn::LoadU(d, t.bias + c + i / kPixels * kN))), ...);
  if (t.clamp) {
    const auto low = hn::Set(d, t.low), high = hn::Set(d, t.high);
    ((sum = clamped(sum, low, high)), ...);
  }
  (hn::StoreU(sum, d, t.output + c + i % kPixels * t.outputStep + i / kPixels * kN), ...);
}

/// Kernels with kKernel adjacent columns: an input pixel is loaded once for all the output pixels
/// it touches, in rising order of columns for each of them.
template <int kPixels, int kKernel, int kStride, bool kBorder>
struct Columns {
  static constexpr int kWide = 1;

  /// Where the kernel stands in a table.
  template <class Tiles>
  static auto& slot(Tiles& tiles) {
    return (kBorder ? tiles.border : tiles.inside)[kKernel == 5][kStride == 2][kPixels];
  }

  template <int kN, int kVectors>
  struct Block {
    static_assert(kVectors == 1 && kKernel <= 5);
    static constexpr int kColumns = (kPixels - 1) * kStride + kKernel;
    static constexpr int kSums = kPixels;
    using D = hn::CappedTag<float, kN>;
    using V = hn::Vec<D>;

    const DepthwiseTile& t;
    int64_t c;

    HWY_INLINE V weight(const float* weights, int k) const {
      return hn::LoadU(D(), weights + (k < kKernel ? k : 0) * t.weightStep);
    }

    template <int i, int k, class... Vs>
    static HWY_INLINE void multiply(V x, V w, Vs&... sum) {
      if constexpr (k < kKernel && i >= k && (i - k) % kStride == 0 && (i - k) / kStride < kPixels)
        nth<(i - k) / kStride>(sum...) = hn::MulAdd(x, w, nth<(i - k) / kStride>(sum...));
    }

    template <int... i, class... Vs>
    HWY_INLINE void row(std::integer_sequence<int, i...>, int64_t row, const float* weights,
                        Vs&... sum) const {
      const V w0 = weight(weights, 0), w1 = weight(weights, 1), w2 = weight(weights, 2);
      const V w3 = weight(weights, 3), w4 = weight(weights, 4);
      const int64_t step = kBorder ? 0 : t.taps[row].step;
      const float* in = kBorder ? nullptr : t.taps[row].input + t.firstPixel * kStride * step + c;
      const auto next = [&](int column) HWY_ATTR {
        const float* at = kBorder ? t.columns[row * kColumns + column] + c : in;
        in += step;
        return inRegister(hn::LoadU(D(), at));
      };
      const auto column = [&](auto index, V x) HWY_ATTR {
        multiply<index, 4>(x, w4, sum...);
        multiply<index, 3>(x, w3, sum...);
        multiply<index, 2>(x, w2, sum...);
        multiply<index, 1>(x, w1, sum...);
        multiply<index, 0>(x, w0, sum...);
      };
      (column(std::integral_constant<int, i>(), next(i)), ...);
    }

    template <class... Vs>
    HWY_INLINE void operator()(Vs&... sum) const {
      const float* weights = t.weights + c;
      for (int64_t y = 0; y < t.tapCount; ++y, weights += kKernel * t.weightStep)
        row(Indices<kColumns>(), y, weights, sum...);
      storeSums<kN, kPixels>(Indices<kSums>(), t, c, sum...);
    }
  };
};

template <int kPixels>
struct Any {
  /// Enough chains to hide the latency of multiply-add.
  static constexpr int kWide = kPixels == 1 ? 4 : 2;

  template <class Tiles>
  static auto& slot(Tiles& tiles) {
    return tiles.any[kPixels];
  }

  template <int kN, int kVectors>
  struct Block {
    static_assert(kVectors <= 4);
    static constexpr int kSums = kPixels * kVectors;
    using D = hn::CappedTag<float, kN>;
    using V = hn::Vec<D>;

    const DepthwiseTile& t;
    int64_t c;

    static HWY_INLINE V weight(const float* weights, int v) {
      return hn::LoadU(D(), weights + (v < kVectors ? v : 0) * kN);
    }

    template <int... i, class... Vs>
    HWY_INLINE void tap(std::integer_sequence<int, i...>, const TapRun& tap, const float* weights,
                        Vs&... sum) const {
      const V w0 = weight(weights, 0), w1 = weight(weights, 1);
      const V w2 = weight(weights, 2), w3 = weight(weights, 3);
      const float* in = tap.input + t.firstPixel * tap.step + c;
      ((sum = hn::MulAdd(hn::LoadU(D(), in + i % kPixels * tap.step + i / kPixels * kN),
                         nth<i / kPixels>(w0, w1, w2, w3), sum)),
       ...);
    }

    template <class... Vs>
    HWY_INLINE void operator()(Vs&... sum) const {
      const float* weights = t.weights + c;
      for (int64_t k = 0; k < t.tapCount; ++k, weights += t.weightStep)
        tap(Indices<kSums>(), t.taps[k], weights, sum...);
      storeSums<kN, kPixels>(Indices<kSums>(), t, c, sum...);
    }
  };
};

template <class Kernel, int kN, int kVectors>
HWY_INLINE void block(const DepthwiseTile& t, int64_t c) {
  using Block = typename Kernel::template Block<kN, kVectors>;
  withZeros<Block::kSums>(hn::CappedTag<float, kN>(), Block{t, c});
}

/// Channels c to end in vectors of kN; where they do not fill the last, it overlaps the one before.
/// Not inlined, so that each length of vector is compiled once a kernel.
template <class Kernel, int kN>
HWY_NOINLINE void vectors(const DepthwiseTile& t, int64_t c, int64_t end) {
  for (; c < end; c += kN) block<Kernel, kN, 1>(t, HWY_MIN(c, end - kN));
}

/// Fewer channels than lanes: shorter vectors, and scalars below four. SVE leaves them to NEON.
template <class Kernel, int kLanes>
void runFewChannels(const DepthwiseTile& t) {
#if HWY_HAVE_SCALABLE
  Kernel::slot (*N_NEON::MakeDepthwiseTiles())(t);
#else
  if constexpr (kLanes > 8)
    if (t.channels >= 8) return vectors<Kernel, 8>(t, 0, t.channels);
  if (t.channels >= 4) return vectors<Kernel, 4>(t, 0, t.channels);
  vectors<Kernel, 1>(t, 0, t.channels);
#endif
}

/// All channels of a tile: wide blocks, then single vectors, of half the length for a short rest.
template <class Kernel, int kLanes>
void run(const DepthwiseTile& t) {
  if (t.channels < kLanes) return runFewChannels<Kernel, kLanes>(t);
  int64_t c = 0;
  if constexpr (Kernel::kWide > 1)
    for (; c + Kernel::kWide * kLanes <= t.channels; c += Kernel::kWide * kLanes)
      block<Kernel, kLanes, Kernel::kWide>(t, c);
  const int64_t rest = (t.channels - c) % kLanes;
  if constexpr (kLanes == 16 && !HWY_HAVE_SCALABLE)
    if (rest != 0 && rest <= 8) {
      vectors<Kernel, kLanes>(t, c, t.channels - rest);
      return vectors<Kernel, 8>(t, t.channels - 8, t.channels);
    }
  vectors<Kernel, kLanes>(t, c, t.channels);
}

template <int kLanes, class... Kernels>
void list(DepthwiseTiles& tiles) {
  ((Kernels::slot(tiles) = &run<Kernels, kLanes>), ...);
}

template <int kLanes, bool kBorder, int... i>
void listColumns(DepthwiseTiles& tiles, std::integer_sequence<int, i...>) {
  list<kLanes, Columns<i + 1, 3, 1, kBorder>...>(tiles);
  list<kLanes, Columns<i + 1, 3, 2, kBorder>...>(tiles);
  list<kLanes, Columns<i + 1, 5, 1, kBorder>...>(tiles);
  list<kLanes, Columns<i + 1, 5, 2, kBorder>...>(tiles);
}

/// Border: those for pixels at the border too.
template <int kLanes, bool kBorder>
void listAll(DepthwiseTiles& tiles) {
  const Indices<DepthwiseTiles::kMaxPixels> pixels;
  listColumns<kLanes, false>(tiles, pixels);
  if constexpr (kBorder) listColumns<kLanes, true>(tiles, pixels);
  list<kLanes, Any<1>, Any<2>, Any<3>, Any<4> >(tiles);
}

DepthwiseTiles makeTiles() {
#if HWY_HAVE_SCALABLE
  // Where the vectors are longer than NEON's, which every such CPU has too; the few pixels at the
  // border are not worth the code.
  DepthwiseTiles tiles = *N_NEON::MakeDepthwiseTiles();
  const size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  if (lanes == 8) listAll<8, false>(tiles);
  if (lanes >= 16) listAll<16, false>(tiles);
#else
  DepthwiseTiles tiles;
  listAll<HWY_MIN(16, HWY_LANES(float)), true>(tiles);
#endif
  return tiles;
}

#endif

}  // namespace

const DepthwiseTiles* MakeDepthwiseTiles() {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  return nullptr;  // never chosen: dispatch.h
#else
  static const DepthwiseTiles tiles = makeTiles();
  return &tiles;
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace minnow::kernels::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

const DepthwiseTiles& depthwiseTiles() { return *MINNOW_DISPATCH(MakeDepthwiseTiles)(); }

}  // namespace minnow::kernels::simd
#endif
