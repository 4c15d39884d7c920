// Highway's vocabulary for plain floats, in which the reference includes what is written once for
// scalars and vectors (elementary.inc, winograd.inc).
#pragma once

#include <cmath>

namespace minnow::kernels::reference {

struct One {};
inline float Set(One, float x) { return x; }
inline float Add(float a, float b) { return a + b; }
inline float Sub(float a, float b) { return a - b; }
inline float Mul(float a, float b) { return a * b; }
inline float MulAdd(float a, float b, float c) { return std::fma(a, b, c); }
inline float NegMulAdd(float a, float b, float c) { return std::fma(-a, b, c); }

}  // namespace minnow::kernels::reference
