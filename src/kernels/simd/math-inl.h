// The elementary functions (kernels/elementary.inc) on Highway vectors of float, for the target
// being compiled; the bits are those of kernels/reference/scalar_math.h. Include after
// <hwy/highway.h> in a file compiled once a target, with <limits> and "ops/unary.h".
#if defined(MINNOW_SIMD_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_SIMD_MATH_INL_H_
#undef MINNOW_SIMD_MATH_INL_H_
#else
#define MINNOW_SIMD_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>
#include <limits>

#include "ops/unary.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using hn::Abs;
using hn::Add;
using hn::CopySign;
using hn::Eq;
using hn::Gt;
using hn::IfThenElse;
using hn::Le;
using hn::Lt;
using hn::Max;
using hn::Min;
using hn::Mul;
using hn::MulAdd;
using hn::Neg;
using hn::NegMulAdd;
using hn::Set;
using hn::Sub;

/// a / b, correctly rounded. ARMv7's NEON only approximates: there each lane goes through VFP.
template <class D, class V>
HWY_INLINE V exactDivide(D d, V a, V b) {
#if MINNOW_RELAXED  // an estimate and a step of Newton's
  const V r = hn::ApproximateReciprocal(b);
  return hn::Mul(hn::Mul(a, r), hn::NegMulAdd(b, r, hn::Set(d, 2.0f)));
#endif
#if HWY_ARCH_ARM_V7
  HWY_ALIGN float x[hn::MaxLanes(d)];
  HWY_ALIGN float y[hn::MaxLanes(d)];
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  for (size_t i = 0; i < hn::Lanes(d); ++i) x[i] /= y[i];
  return hn::Load(d, x);
#else
  (void)d;
  return hn::Div(a, b);
#endif
}

/// The square root, correctly rounded.
template <class D, class V>
HWY_INLINE V exactSqrt(D d, V a) {
#if HWY_ARCH_ARM_V7
  HWY_ALIGN float x[hn::MaxLanes(d)];
  hn::Store(a, d, x);
  for (size_t i = 0; i < hn::Lanes(d); ++i) x[i] = std::sqrt(x[i]);
  return hn::Load(d, x);
#else
  (void)d;
  return hn::Sqrt(a);
#endif
}

/// x * 2^n, n in the low bits of `rounded`, by adding to the exponent.
template <class D, class V>
HWY_INLINE V addToExponent(D d, V x, V rounded) {
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::Add(hn::BitCast(di, x), hn::ShiftLeft<23>(hn::BitCast(di, rounded))));
}

template <class DI, class VI>
HWY_INLINE VI logExponentBits(DI di, VI bits) {
  return hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, 0x3F3504F3)));
}
template <class D, class V>
HWY_INLINE V exponentForLog(D d, V x) {
  const hn::RebindToSigned<D> di;
  return hn::ConvertTo(d, logExponentBits(di, hn::BitCast(di, x)));
}
template <class D, class V>
HWY_INLINE V mantissaForLog(D d, V x) {
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, x);
  return hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(logExponentBits(di, bits))));
}

#define MINNOW_INLINE HWY_INLINE
#define MINNOW_KEEPS_SECOND HWY_ARCH_X86
#include "kernels/elementary.inc"
#undef MINNOW_KEEPS_SECOND
#undef MINNOW_INLINE

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_MATH_INL_H_
