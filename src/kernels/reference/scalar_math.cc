// Elementary functions, scalar.
#include "kernels/reference/scalar_math.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace minnow::kernels::reference {

// exp(x) = 2^n * e^r, n = round(x/ln 2), r = x - n ln 2 in two steps (Cody and Waite), e^r by a
// polynomial of degree 6.
float exp(float x) {
  if (std::isnan(x)) return x;
  x = std::min(std::max(x, -87.33654f), 88.72283f);
  const float n = std::nearbyint(x * 1.44269504f);
  float r = std::fma(n, -0.693359375f, x);
  r = std::fma(n, 2.12194440e-4f, r);
  float p = 1.3888889e-3f;
  p = std::fma(p, r, 8.3333333e-3f);
  p = std::fma(p, r, 4.1666668e-2f);
  p = std::fma(p, r, 1.6666667e-1f);
  p = std::fma(p, r, 0.5f);
  p = std::fma(p, r, 1.0f);
  p = std::fma(p, r, 1.0f);
  return std::ldexp(p, static_cast<int>(n));
}

float sigmoid(float x) { return 1.0f / (1.0f + exp(-x)); }

float tanh(float x) {
  const float e = exp(-2.0f * std::fabs(x));
  return std::copysign((1.0f - e) / (1.0f + e), x);
}

float apply(const ops::Epilogue& fn, float x) {
  switch (fn.fn) {
    case ops::UnaryFn::Identity:
      return x;
    case ops::UnaryFn::Relu:
      return std::max(x, 0.0f);
    case ops::UnaryFn::Clip:
      return std::min(std::max(x, fn.alpha), fn.beta);
    case ops::UnaryFn::LeakyRelu:
      return x < 0 ? fn.alpha * x : x;
    case ops::UnaryFn::HardSigmoid:
      return std::max(0.0f, std::min(1.0f, std::fma(fn.alpha, x, fn.beta)));
    case ops::UnaryFn::HardSwish:
      return x * std::max(0.0f, std::min(1.0f, std::fma(x, 1.0f / 6.0f, 0.5f)));
    case ops::UnaryFn::Sigmoid:
      return sigmoid(x);
    case ops::UnaryFn::Swish:
      return x * sigmoid(fn.alpha * x);
    case ops::UnaryFn::Tanh:
      return tanh(x);
    default:
      return x;
  }
}

}  // namespace minnow::kernels::reference
