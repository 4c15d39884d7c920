// Coefficients of the series that functions in double are computed by, one element at a time
// (kernels/double_math.inc) or in vectors.
#pragma once

#include <array>
#include <cstddef>

namespace minnow::kernels {

inline constexpr double kHalfPi = 0x1.921fb54442d18p0;

/// sign^i / (first + step i)!, the coefficients of sine, cosine and e^x.
template <size_t n>
constexpr std::array<double, n> reciprocalFactorials(int first, int step, double sign) {
  std::array<double, n> c{};
  double factorial = 1;
  for (int k = 2; k <= first; ++k) factorial *= k;
  double signs = 1;
  for (size_t i = 0; i < n; ++i, signs *= sign) {
    c[i] = signs / factorial;
    const int at = first + step * static_cast<int>(i);
    for (int k = at + 1; k <= at + step; ++k) factorial *= k;
  }
  return c;
}

/// sign^i / (first + 2 i): the coefficients of atan and atanh.
template <size_t n>
constexpr std::array<double, n> reciprocals(int first, double sign) {
  std::array<double, n> c{};
  double signs = 1;
  for (size_t i = 0; i < n; ++i, signs *= sign)
    c[i] = signs / static_cast<double>(first + 2 * static_cast<int>(i));
  return c;
}

/// atan x for |x| < 0.2: x times these by powers of x^2.
inline constexpr auto kArcTangentTerms = reciprocals<13>(1, -1);

}  // namespace minnow::kernels
