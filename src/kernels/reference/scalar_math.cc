// Elementary functions, scalar: kernels/elementary.inc on vectors of one lane.
#include "kernels/reference/scalar_math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace minnow::kernels::reference {
namespace {

// The vocabulary of elementary.inc for plain floats.
struct One {};
inline float Set(One, float x) { return x; }
inline float Add(float a, float b) { return a + b; }
inline float Sub(float a, float b) { return a - b; }
inline float Mul(float a, float b) { return a * b; }
inline float Neg(float a) { return -a; }
inline float Abs(float a) { return std::fabs(a); }
inline float CopySign(float a, float sign) { return std::copysign(a, sign); }
inline float MulAdd(float a, float b, float c) { return std::fma(a, b, c); }
inline float NegMulAdd(float a, float b, float c) { return std::fma(-a, b, c); }
inline bool Lt(float a, float b) { return a < b; }
inline bool Le(float a, float b) { return a <= b; }
inline bool Gt(float a, float b) { return a > b; }
inline bool Eq(float a, float b) { return a == b; }
inline float IfThenElse(bool condition, float a, float b) { return condition ? a : b; }
inline float exactDivide(One, float a, float b) { return a / b; }
inline float exactSqrt(One, float a) { return std::sqrt(a); }
inline float addToExponent(One, float x, float rounded) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(x) +
                              (std::bit_cast<uint32_t>(rounded) << 23));
}
// x = mantissa * 2^exponent with the mantissa in [sqrt 1/2, sqrt 2).
inline void splitForLog(One, float x, float& mantissa, float& exponent) {
  constexpr uint32_t kSqrtHalf = 0x3F3504F3;
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const int32_t e = static_cast<int32_t>(bits - kSqrtHalf) >> 23;
  mantissa = std::bit_cast<float>(bits - (static_cast<uint32_t>(e) << 23));
  exponent = static_cast<float>(e);
}

#define MINNOW_INLINE inline
#include "kernels/elementary.inc"
#undef MINNOW_INLINE

// Functions without a polynomial of ours: in double by the C library, so that rounding to float
// hides its last bits.
float applyInDouble(ops::UnaryFn fn, double x) {
  switch (fn) {
    case ops::UnaryFn::Sin:
      return static_cast<float>(std::sin(x));
    case ops::UnaryFn::Cos:
      return static_cast<float>(std::cos(x));
    case ops::UnaryFn::Tan:
      return static_cast<float>(std::tan(x));
    case ops::UnaryFn::Asin:
      return static_cast<float>(std::asin(x));
    case ops::UnaryFn::Acos:
      return static_cast<float>(std::acos(x));
    case ops::UnaryFn::Atan:
      return static_cast<float>(std::atan(x));
    case ops::UnaryFn::Sinh:
      return static_cast<float>(std::sinh(x));
    case ops::UnaryFn::Cosh:
      return static_cast<float>(std::cosh(x));
    case ops::UnaryFn::Asinh:
      return static_cast<float>(std::asinh(x));
    case ops::UnaryFn::Acosh:
      return static_cast<float>(std::acosh(x));
    case ops::UnaryFn::Atanh:
      return static_cast<float>(std::atanh(x));
    default:
      return static_cast<float>(x);
  }
}

}  // namespace

float exp(float x) { return exponential(One{}, x); }
float log(float x) { return logarithm(One{}, x); }
float tanh(float x) { return hyperbolicTangent(One{}, x); }
float sigmoid(float x) { return logistic(One{}, x); }
float erf(float x) { return errorFunction(One{}, x); }
float softplus(float x) { return evaluate(Function<ops::UnaryFn::Softplus>{}, One{}, x); }
float round(float x) { return nearest(One{}, x); }

float apply(const ops::Epilogue& fn, float x) {
  if (fn.fn >= ops::UnaryFn::kEpilogueCount) return applyInDouble(fn.fn, x);
  return visitFunction(fn, [x](auto function) { return evaluate(function, One{}, x); });
}

}  // namespace minnow::kernels::reference
