// The elementary functions of numerics.md, scalar: polynomials of our own order built on fused
// multiply-add, so that the SIMD kernels (kernels/simd/math-inl.h), which evaluate the same
// expressions, give the same bits.
#pragma once

#include "ops/unary.h"

namespace minnow::kernels::reference {

float exp(float x);
float tanh(float x);
float sigmoid(float x);
/// The function of unary_functions.inc.
float apply(const ops::Epilogue& fn, float x);

}  // namespace minnow::kernels::reference
