// a^b in float32: what every kernel computes, so that the bits agree.
#pragma once

#include <cmath>

namespace minnow::kernels {

/// The exponents that normalisations and activations use, by multiplication, division and square
/// root; any other in double by the C library, rounded once.
inline float power(float a, float b) {
  if (b == 1.0f) return a;
  if (b == 2.0f) return a * a;
  if (b == 3.0f) return a * a * a;
  if (b == 0.5f) return std::sqrt(a);
  if (b == -1.0f) return 1.0f / a;
  return static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b)));
}

}  // namespace minnow::kernels
