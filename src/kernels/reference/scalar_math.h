// The elementary functions of numerics.md, scalar: polynomials of our own order built on fused
// multiply-add. The SIMD kernels (kernels/simd/math-inl.h) evaluate the same expressions
// (kernels/elementary.inc) and give the same bits.
#pragma once

#include "kernels/double_math.h"
#include "ops/unary.h"

namespace minnow::kernels::reference {

// At most 2.5 ulp from the exact value wherever that is a normal number (scalar_math_test.cc); what
// would be denormal is 0, and a denormal argument of log counts as 0.
float exp(float x);
float log(float x);
using in_double::exp;
using in_double::log;
float tanh(float x);
float sigmoid(float x);
float erf(float x);
/// log(1 + e^x).
float softplus(float x);
/// Half to even, whatever the target's rounding instructions do.
float round(float x);
/// Those of unary_functions.inc's functions that are trigonometric or hyperbolic, in float64.
double trigonometric(ops::UnaryFn fn, double x);
/// The function of unary_functions.inc, if it is one of float32.
float apply(const ops::Epilogue& fn, float x);

}  // namespace minnow::kernels::reference
