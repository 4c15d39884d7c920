// Conversions between float32 and float16, float64 and small integers, one source for every
// instruction set.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/convert_rows.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "kernels/element_types.h"
#include "kernels/packing.h"
#include "kernels/simd/convert_rows.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/double-inl.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM_A64
// An instruction, which no setting of denormals changes.
template <class D>
HWY_INLINE hn::Vec<D> floatFromHalf(D d, hn::Vec<hn::Rebind<uint16_t, D>> half) {
  return hn::PromoteTo(d, hn::BitCast(hn::Rebind<hwy::float16_t, D>(), half));
}
#else
/// What base::floatFromHalf() does, step by step. Comparisons are of numbers below 2^31, which are
/// cheapest with a sign.
template <class D>
HWY_INLINE hn::Vec<D> floatFromHalf(D d, hn::Vec<hn::Rebind<uint16_t, D>> half) {
  const hn::RebindToSigned<D> di;
  const auto bits = hn::PromoteTo(di, half);
  const auto magnitude = hn::And(bits, hn::Set(di, 0x7FFF));
  const auto shifted = hn::ShiftLeft<13>(magnitude);
  const auto quiet =
      hn::And(hn::VecFromMask(di, hn::Gt(magnitude, hn::Set(di, 0x7C00))), hn::Set(di, 0x00400000));
  const auto special = hn::Or(hn::Or(shifted, quiet), hn::Set(di, 0x7F800000));
  const auto normal = hn::Add(shifted, hn::Set(di, 0x38000000));
  const auto small = hn::Mul(hn::ConvertTo(d, magnitude), hn::Set(d, 0x1p-24f));
  auto result = hn::IfThenElse(hn::Gt(magnitude, hn::Set(di, 0x7BFF)), special, normal);
  result = hn::IfThenElse(hn::Lt(magnitude, hn::Set(di, 0x0400)), hn::BitCast(di, small), result);
  return hn::BitCast(d, hn::Or(result, hn::ShiftLeft<16>(hn::Sub(bits, magnitude))));
}
#endif

/// What base::halfFromFloat() does, step by step.
template <class D>
HWY_INLINE hn::Vec<hn::Rebind<uint16_t, D>> halfFromFloat(D d, hn::Vec<D> x) {
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, x);
  const auto magnitude = hn::And(bits, hn::Set(di, 0x7FFFFFFF));
  const auto sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(di, 0x8000));
  const auto odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(di, 1));
  const auto rounded = hn::Add(hn::Add(magnitude, hn::Set(di, 0x0FFF - 0x38000000)), odd);
  const auto shifted = hn::Add(hn::BitCast(d, magnitude), hn::Set(d, 0.5f));
  const auto denormal = hn::Sub(hn::BitCast(di, shifted), hn::Set(di, 0x3F000000));
  auto half = hn::IfThenElse(hn::Lt(magnitude, hn::Set(di, 0x38800000)), denormal,
                             hn::ShiftRight<13>(rounded));
  half = hn::IfThenElse(hn::Lt(magnitude, hn::Set(di, 0x47800000)), half, hn::Set(di, 0x7C00));
  half = hn::IfThenElse(hn::Gt(magnitude, hn::Set(di, 0x7F800000)), hn::Set(di, 0x7E00), half);
  return hn::DemoteTo(hn::Rebind<uint16_t, D>(), hn::Or(half, sign));
}

/// Towards zero, into [low, high]; a NaN becomes 0. Both bounds are floats.
template <class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D>> truncated(D d, hn::Vec<D> x, float low, float high) {
  x = hn::IfThenElse(hn::Eq(x, x), x, hn::Zero(d));
  x = hn::Min(hn::Max(x, hn::Set(d, low)), hn::Set(d, high));
  return hn::ConvertTo(hn::RebindToSigned<D>(), x);
}

template <class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D>> int32FromFloat(D d, hn::Vec<D> x) {
  const hn::RebindToSigned<D> di;
  const auto inside = truncated(d, x, -0x1p31f, 0x1.fffffep30f);
  const auto above = hn::RebindMask(di, hn::Ge(x, hn::Set(d, 0x1p31f)));
  return hn::IfThenElse(above, hn::Set(di, std::numeric_limits<int32_t>::max()), inside);
}

/// What lies in a vector: of a Half its bits, of a Boolean its byte.
template <class T>
struct LaneOf {
  using Type = T;
};
template <>
struct LaneOf<Half> {
  using Type = uint16_t;
};
template <>
struct LaneOf<Boolean> {
  using Type = uint8_t;
};

/// to[i] = fn(from[i]): whole vectors, then one by one.
template <class From, class To, class D, class F>
HWY_INLINE void mapRow(D d, const std::byte* fromBytes, std::byte* toBytes, int64_t n, F fn) {
  using FromLane = LaneOf<From>::Type;
  using ToLane = LaneOf<To>::Type;
  const hn::Rebind<FromLane, D> dFrom;
  const hn::Rebind<ToLane, D> dTo;
  const auto* from = reinterpret_cast<const From*>(fromBytes);
  auto* to = reinterpret_cast<To*>(toBytes);
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    hn::StoreU(fn(hn::LoadU(dFrom, reinterpret_cast<const FromLane*>(from + i))), dTo,
               reinterpret_cast<ToLane*>(to + i));
  for (; i < n; ++i) to[i] = convert<To>(from[i]);
}

void floatsFromHalves(const std::byte* from, std::byte* to, int64_t n) {
  const hn::ScalableTag<float> d;
  mapRow<Half, float>(d, from, to, n, [&](auto x) HWY_ATTR { return floatFromHalf(d, x); });
}
/// Whatever is not 0 is true.
void floatsFromBooleans(const std::byte* from, std::byte* to, int64_t n) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  mapRow<Boolean, float>(d, from, to, n, [&](auto x) HWY_ATTR {
    return hn::ConvertTo(d, hn::Min(hn::PromoteTo(di, x), hn::Set(di, 1)));
  });
}
void halvesFromFloats(const std::byte* from, std::byte* to, int64_t n) {
  const hn::ScalableTag<float> d;
  mapRow<float, Half>(d, from, to, n, [&](auto x) HWY_ATTR { return halfFromFloat(d, x); });
}
void int32FromFloats(const std::byte* from, std::byte* to, int64_t n) {
  const hn::ScalableTag<float> d;
  mapRow<float, int32_t>(d, from, to, n, [&](auto x) HWY_ATTR { return int32FromFloat(d, x); });
}
void uint8FromFloats(const std::byte* from, std::byte* to, int64_t n) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<uint8_t, decltype(d)> d8;
  mapRow<float, uint8_t>(
      d, from, to, n, [&](auto x) HWY_ATTR { return hn::DemoteTo(d8, truncated(d, x, 0, 255)); });
}
void int8FromFloats(const std::byte* from, std::byte* to, int64_t n) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<int8_t, decltype(d)> d8;
  mapRow<float, int8_t>(d, from, to, n, [&](auto x) HWY_ATTR {
    return hn::DemoteTo(d8, truncated(d, x, -128, 127));
  });
}

#if HWY_HAVE_FLOAT64
void floatsFromDoubles(const std::byte* from, std::byte* to, int64_t n) {
  const hn::ScalableTag<double> dd;
  const hn::Rebind<float, decltype(dd)> d;
  mapRow<double, float>(d, from, to, n, [&](auto x) HWY_ATTR { return floatFromDouble(dd, x); });
}
#else
constexpr DenseConversion floatsFromDoubles = nullptr;
#endif

/// Sums of outputs from `first` on, of so many vectors of so many panels side by side: enough to cover the
/// latency of their chains. `width`: of a row of a panel.
template <int kPanels, int kVectors, class D>
HWY_INLINE void multiplyPanels(D d, const HalvesByRow& work, int64_t width, int64_t first) {
  constexpr int kLanes = hn::MaxLanes(D());
  const hn::Rebind<uint16_t, D> dHalf;
  const uint16_t* row = work.panels + first / kPanel * kPanel * work.depth + first % kPanel;
  const int64_t panelStep = kPanel * work.depth;
  hn::Vec<D> sums[kPanels * kVectors];
  for (auto& sum : sums) sum = hn::Zero(d);
  HWY_UNROLL(4)
  for (int64_t k = 0; k < work.depth; ++k, row += width) {
    const auto x = hn::Set(d, work.x[k]);
    HWY_UNROLL(4)
    for (int v = 0; v < kPanels * kVectors; ++v) {
      const uint16_t* at = row + v / kVectors * panelStep + v % kVectors * kLanes;
      sums[v] = hn::MulAdd(x, floatFromHalf(d, hn::LoadU(dHalf, at)), sums[v]);
    }
  }
  for (int v = 0; v < kPanels * kVectors; ++v)
    hn::StoreU(sums[v], d, work.sums + first + v * kLanes);
}

void multiplyHalvesOf(const HalvesByRow& work) {
  const hn::CappedTag<float, kPanel> d;
  const hn::CappedTag<float, 4> narrow;
  constexpr int kVectors = kPanel / hn::MaxLanes(d), kPanels = 4 / kVectors;
  int64_t n = 0;
  for (; n + kPanels * kPanel <= work.outputs; n += kPanels * kPanel)
    multiplyPanels<kPanels, kVectors>(d, work, kPanel, n);
  for (; n + kPanel <= work.outputs; n += kPanel) multiplyPanels<1, kVectors>(d, work, kPanel, n);
  const int64_t last = PanelShape::roundUp(work.outputs % kPanel, 4);
  for (int64_t end = n + last; n < end; n += 4) multiplyPanels<1, 1>(narrow, work, last, n);
}

DenseConversion chooseDense(DataType from, DataType to) {
  if (from == DataType::Float16 && to == DataType::Float32) return floatsFromHalves;
  if (from == DataType::Bool && to == DataType::Float32) return floatsFromBooleans;
  if (from == DataType::Float64 && to == DataType::Float32) return floatsFromDoubles;
  if (from != DataType::Float32) return nullptr;
  switch (to) {
    case DataType::Float16:
      return halvesFromFloats;
    case DataType::Int32:
      return int32FromFloats;
    case DataType::Uint8:
      return uint8FromFloats;
    case DataType::Int8:
      return int8FromFloats;
    default:
      return nullptr;
  }
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

DenseConversion denseConversion(DataType from, DataType to) {
  return MINNOW_DISPATCH(chooseDense)(from, to);
}

void multiplyHalves(const HalvesByRow& work) { MINNOW_DISPATCH(multiplyHalvesOf)(work); }

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
