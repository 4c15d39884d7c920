// Activations in a tile's registers. Clamping has the bits of Function<Relu> and Function<Clip>
// (kernels/elementary.inc) in one instruction a bound. Include after <hwy/highway.h> in a file
// compiled once a target.
#if defined(MINNOW_SIMD_CLAMP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_SIMD_CLAMP_INL_H_
#undef MINNOW_SIMD_CLAMP_INL_H_
#else
#define MINNOW_SIMD_CLAMP_INL_H_
#endif

#include <hwy/highway.h>

#include <limits>

#include "kernels/simd/math-inl.h"
#include "kernels/simd/panel_tile.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class V, int kPixels, int kVectors, class F>
HWY_INLINE void forEachSum(V (&sum)[kPixels][kVectors], F fn) {
  HWY_UNROLL(16)
  for (int p = 0; p < kPixels; ++p) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sum[p][v] = fn(sum[p][v]);
  }
}

#if HWY_ARCH_ARM  // hn::Max and hn::Min drop NaN
HWY_INLINE float32x4_t rawMax(float32x4_t a, float32x4_t b) { return vmaxq_f32(a, b); }
HWY_INLINE float32x2_t rawMax(float32x2_t a, float32x2_t b) { return vmax_f32(a, b); }
HWY_INLINE float32x4_t rawMin(float32x4_t a, float32x4_t b) { return vminq_f32(a, b); }
HWY_INLINE float32x2_t rawMin(float32x2_t a, float32x2_t b) { return vmin_f32(a, b); }
#endif

/// The greater and the lesser; x if it is NaN. Of two zeros ARM returns +0 and -0, x86 returns x.
template <class V>
HWY_INLINE V greater(V bound, V x) {
#if HWY_ARCH_ARM
  return V(rawMax(bound.raw, x.raw));
#else
  return hn::Max(bound, x);
#endif
}
template <class V>
HWY_INLINE V lesser(V bound, V x) {
#if HWY_ARCH_ARM
  return V(rawMin(bound.raw, x.raw));
#else
  return hn::Min(bound, x);
#endif
}

/// min(max(x, low), high), where NaN stays and a zero is +0. No bound is NaN or -0 (TileEpilogue).
template <class D, int kPixels, int kVectors>
HWY_INLINE void clampSums(D d, float low, float high, hn::Vec<D> (&sum)[kPixels][kVectors]) {
  using V = hn::Vec<D>;
  const V least = hn::Set(d, low);
  forEachSum(sum, [&](V x) HWY_ATTR { return greater(least, x); });
  if (high < std::numeric_limits<float>::infinity()) {
    const V most = hn::Set(d, high);
    forEachSum(sum, [&](V x) HWY_ATTR { return lesser(most, x); });
  }
  if (HWY_ARCH_ARM ? low < 0 : low <= 0) {
    const V zero = hn::Zero(d);
    forEachSum(sum, [&](V x) HWY_ATTR { return hn::Add(x, zero); });
  }
}

/// What a PanelTile or DepthwiseTile does to its sums before it stores them.
template <class D, class T, int kPixels, int kVectors>
HWY_INLINE void finishSums(D d, const T& tile, hn::Vec<D> (&sum)[kPixels][kVectors]) {
  using V = hn::Vec<D>;
  using enum ops::UnaryFn;
  const ops::Epilogue& after = tile.after;
  if (tile.clamp) clampSums(d, tile.low, tile.high, sum);
  if (T::takes(LeakyRelu) && after.fn == LeakyRelu)
    forEachSum(sum, [&](V x) HWY_ATTR {
      return evaluate(Function<LeakyRelu>{after.alpha, after.beta}, d, x);
    });
  if (T::takes(HardSwish) && after.fn == HardSwish)
    forEachSum(sum, [&](V x) HWY_ATTR { return evaluate(Function<HardSwish>{}, d, x); });
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_CLAMP_INL_H_
