// TensorFlow Lite's steps from sums to integers, by vectors (kernels/quantized.h has them as scalars). Included once for
// every instruction set, after Highway and inside no namespace.
#if defined(MINNOW_FIXED_ROUNDING_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_FIXED_ROUNDING_INL_H
#undef MINNOW_FIXED_ROUNDING_INL_H
#else
#define MINNOW_FIXED_ROUNDING_INL_H
#endif

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_ARCH_ARM
/// FixedFactor::times() of exponents that are not positive. A product is never the least number of 32 bits.
template <class D>
HWY_INLINE hn::Vec<D> fixedTimesSmall(D, hn::Vec<D> v, hn::Vec<D> multiplier, hn::Vec<D> exponent) {
  const int32x4_t high = vqrdmulhq_s32(v.raw, multiplier.raw);
  const int32x4_t away = vsraq_n_s32(high, vandq_s32(high, exponent.raw), 31);  // half from zero
  return hn::Vec<D>(vrshlq_s32(away, exponent.raw));
}
/// Of any.
template <class D>
HWY_INLINE hn::Vec<D> fixedTimes(D d, hn::Vec<D> v, hn::Vec<D> multiplier, hn::Vec<D> exponent) {
  const auto left = hn::Max(exponent, hn::Zero(d)), right = hn::Min(exponent, hn::Zero(d));
  return fixedTimesSmall(d, hn::Vec<D>(vshlq_s32(v.raw, left.raw)), multiplier, right);
}
#else
/// (a * m + 2^30) >> 31 of numbers of 32 bits, m not negative.
template <class D>
HWY_INLINE hn::Vec<D> highProduct(D d, hn::Vec<D> a, hn::Vec<D> m) {
  const hn::Repartition<uint64_t, D> d64;
  const hn::RepartitionToWide<D> wide;
  const auto half = hn::Set(wide, int64_t{1} << 30);
  const auto odd = [&](hn::Vec<D> v) {
    return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(d64, v)));
  };
  const auto evens = hn::BitCast(d64, hn::Add(hn::MulEven(a, m), half));
  const auto odds = hn::BitCast(d64, hn::Add(hn::MulEven(odd(a), odd(m)), half));
  return hn::OddEven(hn::BitCast(d, hn::ShiftLeft<1>(odds)),
                     hn::BitCast(d, hn::ShiftRight<31>(evens)));
}

/// FixedFactor::times().
template <class D>
HWY_INLINE hn::Vec<D> fixedTimes(D d, hn::Vec<D> v, hn::Vec<D> multiplier, hn::Vec<D> exponent) {
  const auto left = hn::Max(exponent, hn::Zero(d)), right = hn::Sub(left, exponent);
  const auto high = highProduct(d, hn::Shl(v, left), multiplier);
  const auto one = hn::Set(d, 1);
  const auto mask = hn::Sub(hn::Shl(one, right), one);
  const auto half = hn::Sub(hn::ShiftRight<1>(mask), hn::ShiftRight<31>(high));
  const auto isMore = hn::VecFromMask(d, hn::Gt(hn::And(high, mask), half));
  return hn::Sub(hn::Shr(high, right), isMore);
}

/// The same of factors below 1/2: what is shifted to the right is so by one at least.
template <class D>
HWY_INLINE hn::Vec<D> fixedTimesSmall(D d, hn::Vec<D> v, hn::Vec<D> multiplier,
                                      hn::Vec<D> exponent) {
  const auto high = highProduct(d, v, multiplier);
  const auto one = hn::Set(d, 1);
  const auto away = hn::Add(high, hn::ShiftRight<31>(high));
  const auto twice = hn::Shr(away, hn::Sub(hn::Zero(d), hn::Add(exponent, one)));
  return hn::ShiftRight<1>(hn::Add(twice, one));
}
#endif

template <class D>
HWY_INLINE hn::Vec<D> fixedTimes(D d, hn::Vec<D> v, const FixedFactor& factor) {
  return fixedTimes(d, v, hn::Set(d, factor.multiplier), hn::Set(d, factor.exponent));
}

/// Factors are what setTfliteFactor() makes of them.
struct SmallFixedRounding {
  template <class D, class F>
  static HWY_INLINE hn::Vec<D> round(D d, hn::Vec<D> sum, F factors, F more, const Requantiser&) {
    return fixedTimesSmall(d, sum, hn::BitCast(d, factors), hn::BitCast(d, more));
  }
};
#if HWY_ARCH_ARM
/// Where no result is less than the zero point: how negative ones are rounded does not matter.
struct PositiveFixedRounding {
  template <class D, class F>
  static HWY_INLINE hn::Vec<D> round(D d, hn::Vec<D> sum, F factors, F more, const Requantiser&) {
    return hn::Vec<D>(
        vrshlq_s32(vqrdmulhq_s32(sum.raw, hn::BitCast(d, factors).raw), hn::BitCast(d, more).raw));
  }
};
#else
struct FixedRounding {
  template <class D, class F>
  static HWY_INLINE hn::Vec<D> round(D d, hn::Vec<D> sum, F factors, F more, const Requantiser&) {
    return fixedTimes(d, sum, hn::BitCast(d, factors), hn::BitCast(d, more));
  }
};
#endif

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
