// A vector loop over a row of floats: full vectors, then halves, then quarters, and the last three
// elements through a buffer, so that rows of 4, 8 or 24 channels are as good as long ones and
// nothing outside the row is read or written. SVE has predicates for that.
#if defined(MINNOW_SIMD_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_SIMD_ROWS_INL_H_
#undef MINNOW_SIMD_ROWS_INL_H_
#else
#define MINNOW_SIMD_ROWS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// At most three elements, and zeros.
struct Tail {
  float values[4];
};

/// A row that is read element after element.
struct DenseRow {
  const float* from;
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, size_t i) const {
    return hn::LoadU(d, from + i);
  }
  template <class D, class Mask>
  HWY_INLINE hn::Vec<D> loadFirst(D d, Mask inside, size_t i) const {
    return hn::MaskedLoad(inside, d, from + i);
  }
  HWY_INLINE Tail tail(size_t i, size_t n) const {
    Tail t{};
    for (size_t k = i; k < n; ++k) t.values[k - i] = from[k];
    return t;
  }
};

/// A row of one value.
struct RepeatedRow {
  float value;
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, size_t) const {
    return hn::Set(d, value);
  }
  template <class D, class Mask>
  HWY_INLINE hn::Vec<D> loadFirst(D d, Mask, size_t) const {
    return hn::Set(d, value);
  }
  HWY_INLINE Tail tail(size_t, size_t) const { return {{value, value, value, value}}; }
};

/// to[k] = fn(d, element k of each row) from i on while whole vectors of d fit. Returns where it
/// stopped.
template <class D, class F, class... Rows>
HWY_INLINE size_t mapVectors(D d, size_t i, size_t n, float* to, F fn, Rows... rows) {
  const size_t lanes = hn::Lanes(d);
  for (; i + lanes <= n; i += lanes) hn::StoreU(fn(d, rows.load(d, i)...), d, to + i);
  return i;
}

template <class F, class... Tails>
HWY_INLINE void mapTail(size_t i, size_t n, float* to, F fn, const Tails&... tails) {
  const hn::CappedTag<float, 4> d;
  float out[4];
  hn::StoreU(fn(d, hn::LoadU(d, tails.values)...), d, out);
  for (size_t k = i; k < n; ++k) to[k] = out[k - i];
}

/// to[i] = fn(d, rows' element i…) for n elements; `to` may be one of the rows. kAtOnce: 2 or 4
/// vectors, whose chains of instructions run side by side.
template <int kAtOnce = 2, class F, class... Rows>
HWY_INLINE void mapRows(size_t n, float* to, F fn, Rows... rows) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  if constexpr (kAtOnce == 4)
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
      const auto y0 = fn(d, rows.load(d, i)...);
      const auto y1 = fn(d, rows.load(d, i + lanes)...);
      const auto y2 = fn(d, rows.load(d, i + 2 * lanes)...);
      const auto y3 = fn(d, rows.load(d, i + 3 * lanes)...);
      hn::StoreU(y0, d, to + i);
      hn::StoreU(y1, d, to + i + lanes);
      hn::StoreU(y2, d, to + i + 2 * lanes);
      hn::StoreU(y3, d, to + i + 3 * lanes);
    }
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto y0 = fn(d, rows.load(d, i)...);
    const auto y1 = fn(d, rows.load(d, i + lanes)...);
    hn::StoreU(y0, d, to + i);
    hn::StoreU(y1, d, to + i + lanes);
  }
#if HWY_HAVE_SCALABLE
  for (; i < n; i += lanes) {
    const auto inside = hn::FirstN(d, n - i);
    hn::BlendedStore(fn(d, rows.loadFirst(d, inside, i)...), inside, d, to + i);
  }
#else
  // The function is inlined each time: no loop that cannot run.
  constexpr size_t kLanes = hn::MaxLanes(hn::ScalableTag<float>());
  i = mapVectors(d, i, n, to, fn, rows...);
  if constexpr (kLanes > 8) i = mapVectors(hn::CappedTag<float, 8>(), i, n, to, fn, rows...);
  if constexpr (kLanes > 4) i = mapVectors(hn::CappedTag<float, 4>(), i, n, to, fn, rows...);
  if (i < n) mapTail(i, n, to, fn, rows.tail(i, n)...);
#endif
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_ROWS_INL_H_
