// a^b in float32: what every kernel computes, so that the bits agree.
#pragma once

#include <cmath>

#include "kernels/double_math.h"

namespace minnow::kernels {

/// The exponents that normalisations and activations use, by multiplication, division and square
/// root; any other in double, rounded once.
inline float power(float a, float b) {
  if (b == 1.0f) return a;
  if (b == 2.0f) return a * a;
  if (b == 3.0f) return a * a * a;
  if (b == 0.5f) return std::sqrt(a);
  if (b == -1.0f) return 1.0f / a;
  return in_double::toFloat(in_double::pow(a, b));
}

}  // namespace minnow::kernels
