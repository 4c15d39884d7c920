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

/// Sums as apply(floats, count) leaves them in memory: one piece of code for all tiles, where a tile is
/// not used enough to be worth its own.
template <class D, int kPixels, int kVectors, class Apply>
HWY_INLINE void inMemory(D d, hn::Vec<D> (&sum)[kPixels][kVectors], const Apply& apply) {
  constexpr size_t kN = hn::MaxLanes(D());
  HWY_ALIGN float all[kPixels][kVectors][kN];
  HWY_UNROLL(16)
  for (int p = 0; p < kPixels; ++p) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) hn::Store(sum[p][v], d, all[p][v]);
  }
  apply(all[0][0], kPixels * kVectors * kN);
  HWY_UNROLL(16)
  for (int p = 0; p < kPixels; ++p) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sum[p][v] = hn::Load(d, all[p][v]);
  }
}

template <class D, class F>
HWY_INLINE void mapAll(D d, float* x, size_t count, const F& fn) {
  for (size_t i = 0; i < count; i += hn::Lanes(d)) hn::Store(fn(hn::Load(d, x + i)), d, x + i);
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

HWY_INLINE bool isLeakyRelu(const ops::Epilogue& after) {
  return after.fn == ops::UnaryFn::LeakyRelu;
}
template <class D>
HWY_INLINE hn::Vec<D> leakyRelu(D d, const ops::Epilogue& after, hn::Vec<D> x) {
  return evaluate(Function<ops::UnaryFn::LeakyRelu>{after.alpha, after.beta}, d, x);
}
template <class D>
HWY_INLINE hn::Vec<D> hardSwish(D d, hn::Vec<D> x) {
  return evaluate(Function<ops::UnaryFn::HardSwish>{}, d, x);
}
template <class D>
HWY_NOINLINE void applyTaken(D d, const ops::Epilogue& after, float* x, size_t count) {
  if (isLeakyRelu(after))
    mapAll(d, x, count, [&](auto value) HWY_ATTR { return leakyRelu(d, after, value); });
  else
    mapAll(d, x, count, [&](auto value) HWY_ATTR { return hardSwish(d, value); });
}

/// What a PanelTile or DepthwiseTile does to its sums before it stores them.
template <class D, class T, int kPixels, int kVectors>
HWY_INLINE void finishSums(D d, const T& tile, hn::Vec<D> (&sum)[kPixels][kVectors]) {
  using V = hn::Vec<D>;
  constexpr bool kSeldom = HWY_ARCH_ARM && kPixels * kVectors < 20;
  const ops::Epilogue& after = tile.after;
  if (tile.clamp) clampSums(d, tile.low, tile.high, sum);
  if (!T::takes(ops::UnaryFn::HardSwish) || after.fn == ops::UnaryFn::Identity) return;
  if constexpr (kSeldom)
    inMemory(d, sum, [&](float* x, size_t count) HWY_ATTR { applyTaken(d, after, x, count); });
  else if (isLeakyRelu(after))
    forEachSum(sum, [&](V x) HWY_ATTR { return leakyRelu(d, after, x); });
  else
    forEachSum(sum, [&](V x) HWY_ATTR { return hardSwish(d, x); });
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_CLAMP_INL_H_
