// Trigonometric and hyperbolic functions of float32, in double as the reference computes them, by
// rows that threads share.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/trigonometry.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/double_math.h"
#include "kernels/double_series.h"
#include "kernels/loop_nest.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/double-inl.h"
#include "kernels/simd/unary.h"
#include "ops/unary.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

#if HWY_ARCH_X86
namespace here {
#include "kernels/double_math.inc"
}  // namespace here
#else
namespace here = in_double;
#endif

#if HWY_HAVE_FLOAT64

namespace hn = hwy::HWY_NAMESPACE;

/// in_double's function of the name, element by element the same operations.
template <class D, class V>
HWY_INLINE V arcTangent(D d, V x) {
  const V one = hn::Set(d, 1.0);
  const auto large = hn::Gt(hn::Abs(x), one);
  V z = hn::IfThenElse(large, hn::Div(one, x), x);
  for (int i = 0; i < 2; ++i) z = hn::Div(z, hn::Add(one, hn::Sqrt(hn::MulAdd(z, z, one))));
  const V square = hn::Mul(z, z);
  V sum = hn::Set(d, kArcTangentTerms.back());
  for (size_t i = kArcTangentTerms.size() - 1; i-- > 0;)
    sum = hn::MulAdd(sum, square, hn::Set(d, kArcTangentTerms[i]));
  const V y = hn::Mul(hn::Mul(hn::Set(d, 4.0), z), sum);
  return hn::IfThenElse(large, hn::Sub(hn::CopySign(hn::Set(d, kHalfPi), x), y), y);
}

template <class D, class V>
HWY_INLINE V inverse(ops::UnaryFn fn, D d, V x) {
  const V one = hn::Set(d, 1.0), below = hn::Sub(one, x), above = hn::Add(one, x);
  if (fn == ops::UnaryFn::Asin) return arcTangent(d, hn::Div(x, hn::Sqrt(hn::Mul(below, above))));
  if (fn == ops::UnaryFn::Atan) return arcTangent(d, x);
  return hn::Mul(hn::Set(d, 2.0), arcTangent(d, hn::Sqrt(hn::Div(below, above))));
}

/// Whole vectors of a dense row, for the functions that have them; how many elements that were.
int64_t mapVectors(ops::UnaryFn fn, const float* x, float* y, int64_t n) {
  if (fn < ops::UnaryFn::Asin || fn > ops::UnaryFn::Atan) return 0;
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> df;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto wide = inverse(fn, d, hn::PromoteTo(d, hn::LoadU(df, x + i)));
    hn::StoreU(floatFromDouble(d, wide), df, y + i);
  }
  return i;
}

#else

int64_t mapVectors(ops::UnaryFn, const float*, float*, int64_t) { return 0; }

#endif

/// y[i * yStep] = fn(x[i * xStep]) of n floats.
void mapTrigonometry(ops::UnaryFn fn, const float* x, int64_t xStep, float* y, int64_t yStep,
                     int64_t n) {
  const int64_t done = xStep == 1 && yStep == 1 ? mapVectors(fn, x, y, n) : 0;
  const auto map = [&](auto function) HWY_ATTR {
    for (int64_t i = done; i < n; ++i) y[i * yStep] = here::toFloat(function(x[i * xStep]));
  };
  switch (fn) {
    case ops::UnaryFn::Sin:
      return map([](float v) HWY_ATTR { return here::sin(v); });
    case ops::UnaryFn::Cos:
      return map([](float v) HWY_ATTR { return here::cos(v); });
    case ops::UnaryFn::Tan:
      return map([](float v) HWY_ATTR { return here::tan(v); });
    case ops::UnaryFn::Asin:
      return map([](float v) HWY_ATTR { return here::asin(v); });
    case ops::UnaryFn::Acos:
      return map([](float v) HWY_ATTR { return here::acos(v); });
    case ops::UnaryFn::Atan:
      return map([](float v) HWY_ATTR { return here::atan(v); });
    case ops::UnaryFn::Sinh:
      return map([](float v) HWY_ATTR { return here::sinh(v); });
    case ops::UnaryFn::Cosh:
      return map([](float v) HWY_ATTR { return here::cosh(v); });
    case ops::UnaryFn::Asinh:
      return map([](float v) HWY_ATTR { return here::asinh(v); });
    case ops::UnaryFn::Acosh:
      return map([](float v) HWY_ATTR { return here::acosh(v); });
    default:
      return map([](float v) HWY_ATTR { return here::atanh(v); });
  }
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {}  // namespace

bool acceptsTrigonometry(const ops::Operator& op, std::span<const TensorView> inputs,
                         std::span<const TensorView>) {
  const ops::UnaryFn fn = static_cast<const ops::Unary&>(op).fn;
  return inputs[0].type == DataType::Float32 && fn >= ops::UnaryFn::Sin &&
         fn <= ops::UnaryFn::Atanh;
}

Result<void> runTrigonometry(const ops::Operator& op, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const auto map = MINNOW_DISPATCH(mapTrigonometry);
  const LoopNest<2> nest(y.shape, {y.strides, x.strides});
  nest.run(*args.team, [&](const LoopTile<2>& t) {
    for (int64_t r = 0; r < t.rows; ++r)
      map(static_cast<const ops::Unary&>(op).fn,
          x.as<const float>() + t.offset[1] + r * t.rowStride[1], t.step[1],
          y.as<float>() + t.offset[0] + r * t.rowStride[0], t.step[0], t.count);
  });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
