// Vectors in registers by the dozen. SVE's vectors have no size at compile time and can be neither
// elements of arrays nor members, so a tile's sums are local variables, passed on as a pack of
// references and picked by number; everything is inlined, and no memory is behind them.
#if defined(MINNOW_SIMD_REGISTERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_SIMD_REGISTERS_INL_H_
#undef MINNOW_SIMD_REGISTERS_INL_H_
#else
#define MINNOW_SIMD_REGISTERS_INL_H_
#endif

#include <hwy/highway.h>

#include <utility>

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <int kCount>
using Indices = std::make_integer_sequence<int, kCount>;

/// The i-th of a pack.
template <int i, class V, class... Vs>
HWY_INLINE V& nth(V& first, Vs&... rest) {
  if constexpr (i == 0)
    return first;
  else
    return nth<i - 1>(rest...);
}

/// fn(v…) with kCount variables of 0.
template <int kCount, class D, class F, class... Vs>
HWY_INLINE void withZeros(D d, const F& fn, Vs&... v) {
  if constexpr (sizeof...(v) == kCount) {
    fn(v...);
  } else {
    auto next = hn::Zero(d);
    withZeros<kCount>(d, fn, v..., next);
  }
}

/// x within the bounds; a NaN stays one.
template <class V>
HWY_INLINE V clamped(V x, V low, V high) {
#if MINNOW_RELAXED
  return hn::Min(hn::Max(x, low), high);
#endif
  x = hn::IfThenElse(hn::Lt(x, low), low, x);
  return hn::IfThenElse(hn::Lt(high, x), high, x);
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_REGISTERS_INL_H_
