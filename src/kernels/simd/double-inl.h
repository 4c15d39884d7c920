// From vectors of double to float32.
#if defined(MINNOW_SIMD_DOUBLE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_SIMD_DOUBLE_INL_H_
#undef MINNOW_SIMD_DOUBLE_INL_H_
#else
#define MINNOW_SIMD_DOUBLE_INL_H_
#endif

#include <hwy/highway.h>

#include <limits>

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

#if HWY_HAVE_FLOAT64
/// in_double::toFloat() of each: it is decided in double what is below the least normal float.
template <class D, class V>
HWY_INLINE auto floatFromDouble(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const auto tiny = hn::Lt(hn::Abs(x), hn::Set(d, std::numeric_limits<float>::min()));
  return hn::DemoteTo(hn::Rebind<float, D>(),
                      hn::IfThenElse(tiny, hn::CopySign(hn::Zero(d), x), x));
}
#endif

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_DOUBLE_INL_H_
