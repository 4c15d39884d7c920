// Elementary functions, scalar: kernels/elementary.inc on vectors of one lane.
#include "kernels/reference/scalar_math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/double_math.h"
#include "kernels/reference/one_lane.h"

namespace minnow::kernels::reference {
namespace {

// The rest of the vocabulary of elementary.inc.
inline float Neg(float a) { return -a; }
inline float Abs(float a) { return std::fabs(a); }
inline float CopySign(float a, float sign) { return std::copysign(a, sign); }
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
inline uint32_t logExponentBits(float x) {
  constexpr uint32_t kSqrtHalf = 0x3F3504F3;
  return static_cast<uint32_t>(static_cast<int32_t>(std::bit_cast<uint32_t>(x) - kSqrtHalf) >> 23);
}
inline float exponentForLog(One, float x) {
  return static_cast<float>(static_cast<int32_t>(logExponentBits(x)));
}
inline float mantissaForLog(One, float x) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(x) - (logExponentBits(x) << 23));
}

#define MINNOW_INLINE inline
#include "kernels/elementary.inc"
#undef MINNOW_INLINE

// Functions that no kernel has in vectors: in double, of a float rounded once.
template <class T>
double inDouble(ops::UnaryFn fn, T x) {
  switch (fn) {
    case ops::UnaryFn::Sin:
      return in_double::sin(x);
    case ops::UnaryFn::Cos:
      return in_double::cos(x);
    case ops::UnaryFn::Tan:
      return in_double::tan(x);
    case ops::UnaryFn::Asin:
      return in_double::asin(x);
    case ops::UnaryFn::Acos:
      return in_double::acos(x);
    case ops::UnaryFn::Atan:
      return in_double::atan(x);
    case ops::UnaryFn::Sinh:
      return in_double::sinh(x);
    case ops::UnaryFn::Cosh:
      return in_double::cosh(x);
    case ops::UnaryFn::Asinh:
      return in_double::asinh(x);
    case ops::UnaryFn::Acosh:
      return in_double::acosh(x);
    case ops::UnaryFn::Atanh:
      return in_double::atanh(x);
    default:
      return x;
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

double trigonometric(ops::UnaryFn fn, double x) { return inDouble(fn, x); }

float apply(const ops::Epilogue& fn, float x) {
  if (fn.fn >= ops::UnaryFn::kEpilogueCount) return in_double::toFloat(inDouble(fn.fn, x));
  return visitFunction(fn, [x](auto function) { return evaluate(function, One{}, x); });
}

}  // namespace minnow::kernels::reference
