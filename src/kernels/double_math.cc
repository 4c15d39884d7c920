// Elementary functions in double (see the header for sources).
#include "kernels/double_math.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace minnow::kernels::in_double {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLeast = std::numeric_limits<double>::min();
constexpr double kHalfPi = 0x1.921fb54442d18p0;
constexpr double kTwoOverRootPi = 0x1.20dd750429b6dp0;
// From here on x^2 + 1 is x^2, and log(2 x) what the inverse hyperbolic functions are.
constexpr double kHuge = 0x1p300;
// ln 2 in two parts; multiples of the first are exact.
constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kLn2 = kLn2High + kLn2Low;

/// c[0] + x (c[1] + x (c[2] + …)).
template <size_t n>
double polynomial(const std::array<double, n>& c, double x) {
  double sum = c[n - 1];
  for (size_t i = n - 1; i-- > 0;) sum = std::fma(sum, x, c[i]);
  return sum;
}

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

/// high + low, |low| at most half an ulp of high.
struct Double2 {
  double high, low;
};

double powerOfTwo(int64_t n) {
  return std::bit_cast<double>(static_cast<uint64_t>(n + 1023) << 52);
}

/// e^(x.high + x.low), by e^x = 2^n e^r, |r| <= ln 2 / 2.
double exponential(Double2 x) {
  if (x.high != x.high) return x.high;
  if (x.high > 710) return kInfinity;
  if (x.high < -709) return 0;
  const double n = nearest(x.high * 0x1.71547652b82fep0);
  const double high = x.high - n * kLn2High, low = x.low - n * kLn2Low;
  const double r = high + low, rest = (high - r) + low;
  static constexpr auto kTerms = reciprocalFactorials<12>(2, 1, 1);
  const double curve = std::fma(r * r, polynomial(kTerms, r), rest);
  const double sum = 1 + r, lost = (1 - sum) + r;
  // In two steps, because 2^1024 is no number.
  const auto half = static_cast<int64_t>(n) / 2;
  const double y =
      (sum + (lost + curve)) * powerOfTwo(half) * powerOfTwo(static_cast<int64_t>(n) - half);
  return y < kLeast ? 0 : y;
}

/// log x of a positive normal number: x = 2^e m with m in [sqrt 1/2, sqrt 2), and
/// log m = 2 atanh s, s = (m - 1) / (m + 1).
Double2 logarithm(double x) {
  constexpr uint64_t kSqrtHalf = 0x3FE6A09E667F3BCD;
  const auto bits = std::bit_cast<uint64_t>(x);
  const int64_t exponent = static_cast<int64_t>(bits - kSqrtHalf) >> 52;
  const auto e = static_cast<double>(exponent);
  const double m = std::bit_cast<double>(bits - (static_cast<uint64_t>(exponent) << 52));
  const double f = m - 1, g = 2 + f, gRest = f - (g - 2);
  const double s = f / g, sRest = (std::fma(-s, g, f) - s * gRest) / g;
  const double square = s * s;
  static constexpr auto kTerms = reciprocals<12>(3, 1);  // of atanh s behind the first, s
  const double curve = s * square * polynomial(kTerms, square);
  const double a = e * kLn2High, b = 2 * s;
  const double high = a + b;
  const double low = ((a - high) + b) + std::fma(e, kLn2Low, 2 * (sRest + curve));
  const double sum = high + low;
  return {sum, (high - sum) + low};
}

// Angles ---------------------------------------------------------------------------------------

/// x = quadrant * pi/2 + r, |r| <= pi/4.
struct Angle {
  double r;
  uint32_t quadrant;
};

/// A word of zeros, then the binary digits of 2/pi behind the point.
constexpr uint32_t kTwoOverPi[] = {0,          0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0,
                                   0xDB629599, 0x3C439041, 0xFE5163AB, 0xDEBBC561, 0xB7246E3A};

/// 128 bits of x * 2/pi modulo 4, most significant word first, for a finite |x| >= 2^-1. With
/// x = m 2^e, digits of 2/pi whose products with 2^e are multiples of 4 are left out.
std::array<uint32_t, 4> quadrants(uint32_t bits) {
  const uint64_t m = (bits & 0x7FFFFF) | 0x800000;
  const uint32_t e = (bits >> 23 & 0xFF) - 150;
  const uint32_t first = e + 30;  // 32 zeros, and digit e - 1 is worth 2 after multiplying by 2^e
  const uint32_t* word = kTwoOverPi + first / 32;
  std::array<uint32_t, 4> product;
  uint64_t carry = 0;
  for (int i = 3; i >= 0; --i) {
    const uint64_t pair = static_cast<uint64_t>(word[i]) << 32 | word[i + 1];
    carry += static_cast<uint32_t>(pair << (first % 32) >> 32) * m;
    product[i] = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  return product;
}

Angle reduce(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x) & 0x7FFFFFFF;
  if (bits < 0x3F490FDB) return {x, 0};  // below pi/4
  if (bits >= 0x7F800000) return {kNan, 0};
  std::array<uint32_t, 4> p = quadrants(bits);
  const bool above = p[0] >> 29 & 1;  // nearer to the next quadrant
  const uint32_t quadrant = (p[0] >> 30) + above;
  p[0] = p[0] & 0x3FFFFFFF;
  if (above) {  // the fraction minus 1, negated
    uint64_t carry = 1;
    for (int i = 3; i >= 0; --i, carry >>= 32)
      p[i] = static_cast<uint32_t>(carry += static_cast<uint32_t>(~p[i]));
    p[0] &= 0x3FFFFFFF;
  }
  double fraction = 0;
  for (int i = 3; i >= 0; --i) fraction = fraction * 0x1p-32 + static_cast<double>(p[i]);
  const double r = fraction * 0x1p-30 * kHalfPi;
  const bool negative = std::signbit(x);
  return {above != negative ? -r : r, negative ? 0 - quadrant : quadrant};
}

double sine(double r) {
  static constexpr auto kTerms = reciprocalFactorials<9>(1, 2, -1);
  return r * polynomial(kTerms, r * r);
}
double cosine(double r) {
  static constexpr auto kTerms = reciprocalFactorials<9>(0, 2, -1);
  return polynomial(kTerms, r * r);
}

/// x as three float32 numbers, each reduced by itself.
Angle reduce(double x) {
  Angle sum{0, 0};
  for (int i = 0; i < 3; ++i) {
    const auto part = static_cast<float>(x);
    const Angle angle = reduce(part);
    sum = {sum.r + angle.r, sum.quadrant + angle.quadrant};
    x -= part;
  }
  if (!(std::fabs(sum.r) < 4)) return {kNan, 0};
  const double turns = nearest(sum.r / kHalfPi);
  return {sum.r - turns * kHalfPi, sum.quadrant + static_cast<uint32_t>(static_cast<int>(turns))};
}

double sineOf(const Angle& angle) {
  const double y = angle.quadrant & 1 ? cosine(angle.r) : sine(angle.r);
  return angle.quadrant & 2 ? -y : y;
}

double cosineOf(Angle angle) {
  ++angle.quadrant;
  return sineOf(angle);
}

double tangentOf(const Angle& angle) {
  const double s = sine(angle.r), c = cosine(angle.r);
  return angle.quadrant & 1 ? -c / s : s / c;
}

/// atan x = 2 atan(x / (1 + sqrt(1 + x^2))), twice, leaves |x| < 0.2 for the series.
double arcTangent(double x) {
  if (std::fabs(x) > 1) return std::copysign(kHalfPi, x) - arcTangent(1 / x);
  for (int i = 0; i < 2; ++i) x = x / (1 + std::sqrt(std::fma(x, x, 1.0)));
  static constexpr auto kTerms = reciprocals<13>(1, -1);
  return 4 * x * polynomial(kTerms, x * x);
}

// Remainders -----------------------------------------------------------------------------------

template <class T>
struct Format;
template <>
struct Format<float> {
  using Bits = uint32_t;
  static constexpr int kMantissaBits = 23;
};
template <>
struct Format<double> {
  using Bits = uint64_t;
  static constexpr int kMantissaBits = 52;
};

/// The remainder of normal numbers x >= y > 0 by long division of the mantissas, some bits at a
/// time.
template <class T>
T remainderOf(T x, T y) {
  using Bits = Format<T>::Bits;
  constexpr int kMantissaBits = Format<T>::kMantissaBits, kStep = 63 - kMantissaBits;
  constexpr Bits kHidden = Bits{1} << kMantissaBits;
  const auto bitsX = std::bit_cast<Bits>(x), bitsY = std::bit_cast<Bits>(y);
  const uint64_t divisor = (bitsY & (kHidden - 1)) | kHidden;
  const auto exponent = static_cast<int>(bitsY >> kMantissaBits);
  uint64_t rest = ((bitsX & (kHidden - 1)) | kHidden) % divisor;
  for (int left = static_cast<int>(bitsX >> kMantissaBits) - exponent; left > 0; left -= kStep)
    rest = (rest << std::min(left, kStep)) % divisor;
  // rest has the divisor's exponent; its leading bit moves to the hidden bit's place.
  const int shift = kMantissaBits + 1 - std::bit_width(rest);
  if (rest == 0 || shift >= exponent) return 0;
  const auto mantissa = static_cast<Bits>(rest << shift) & (kHidden - 1);
  return std::bit_cast<T>(static_cast<Bits>(exponent - shift) << kMantissaBits | mantissa);
}

template <class T>
T remainder(T x, T y) {
  const T a = std::fabs(x), b = std::fabs(y), least = std::numeric_limits<T>::min();
  if (!(a < std::numeric_limits<T>::infinity()) || !(b >= least))
    return std::numeric_limits<T>::quiet_NaN();
  if (a < least) return std::copysign(T{0}, x);
  return a < b ? x : std::copysign(remainderOf(a, b), x);
}

// Powers ---------------------------------------------------------------------------------------

/// Whether an exponent is an integer, and an odd one: that decides the sign of a negative base's
/// power.
struct Parity {
  bool whole, odd;
};
Parity parityOf(double y) {
  if (!(std::fabs(y) < 0x1p53)) return {true, false};
  const auto integer = static_cast<int64_t>(y);
  const bool whole = static_cast<double>(integer) == y;
  return {whole, whole && integer % 2 != 0};
}

/// x^y of x >= 0, x != 1, y != 0, no NaN.
double powerOf(double x, double y) {
  const bool grows = (x > 1) == (y > 0);
  if (x < kLeast || x == kInfinity || std::fabs(y) == kInfinity) return grows ? kInfinity : 0;
  const Double2 l = logarithm(x);
  const double high = y * l.high;
  return exponential({high, std::fma(y, l.high, -high) + y * l.low});
}

}  // namespace

double exp(double x) { return exponential({x, 0}); }

double log(double x) {
  if (x < kLeast) return x > -kLeast ? -kInfinity : kNan;
  return x < kInfinity ? logarithm(x).high : x;
}

double pow(double x, double y) {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return kNan;
  const double a = std::fabs(x);
  const Parity parity = parityOf(y);
  const double magnitude = a == 1 ? 1 : powerOf(a, y);
  if (x <= -kLeast && x > -kInfinity && !parity.whole) return kNan;
  return parity.odd && std::signbit(x) ? -magnitude : magnitude;
}

double nearest(double x) {
  const double whole = 0x1p52, a = std::fabs(x);  // from here on every double is an integer
  return a < whole ? std::copysign((a + whole) - whole, x) : x;
}

double sin(float x) { return sineOf(reduce(x)); }
double cos(float x) { return cosineOf(reduce(x)); }
double tan(float x) { return tangentOf(reduce(x)); }
double sin(double x) { return sineOf(reduce(x)); }
double cos(double x) { return cosineOf(reduce(x)); }
double tan(double x) { return tangentOf(reduce(x)); }

double asin(double x) {  // 4.4.44: atan(x / sqrt(1 - x^2))
  return arcTangent(x / std::sqrt((1 - x) * (1 + x)));
}

double acos(double x) { return 2 * arcTangent(std::sqrt((1 - x) / (1 + x))); }

double atan(double x) { return arcTangent(x); }

double log1p(double x) {
  const double w = 1 + x;
  if (w == 1 || w == kInfinity) return x;
  return log(w) * (x / (w - 1));
}

double expm1(double x) {
  static constexpr auto kTerms = reciprocalFactorials<14>(1, 1, 1);
  return std::fabs(x) < 0.35 ? x * polynomial(kTerms, x) : exp(x) - 1;
}

double tanh(double x) {
  const double u = expm1(-2 * std::fabs(x));
  return std::copysign(u / (u + 2), x);
}

double erf(double x) {
  const double a = std::fabs(x), square = a * a, curve = exp(-square);
  if (a < 3) {  // 7.1.6: 2/sqrt(pi) e^-x^2 (x + 2/3 x^3 + 4/15 x^5 + …)
    double term = a, sum = a;
    for (int n = 1; n < 80; ++n) sum += term *= 2 * square / (2 * n + 1);
    return std::copysign(kTwoOverRootPi * curve * sum, x);
  }
  double fraction =
      a;  // 7.1.14: 1 - erf x = e^-x^2/sqrt(pi) / (x + (1/2) / (x + 1 / (x + (3/2) / …
  for (int n = 60; n > 0; --n) fraction = a + 0.5 * n / fraction;
  return std::copysign(1 - kTwoOverRootPi / 2 * curve / fraction, x);
}

double sinh(double x) {
  const double a = std::fabs(x);
  static constexpr auto kTerms = reciprocalFactorials<10>(1, 2, 1);
  if (a < 1) return x * polynomial(kTerms, a * a);
  const double e = exp(a);
  return std::copysign((e - 1 / e) / 2, x);
}

double cosh(double x) {
  const double e = exp(std::fabs(x));
  return (e + 1 / e) / 2;
}

double asinh(double x) {  // 4.6.20: log(x + sqrt(x^2 + 1))
  const double a = std::fabs(x);
  if (!(a < kInfinity)) return x;
  if (a > kHuge) return std::copysign(log(a) + kLn2, x);
  return std::copysign(log1p(a + a * a / (1 + std::sqrt(a * a + 1))), x);
}

double acosh(double x) {  // 4.6.21: log(x + sqrt(x^2 - 1))
  if (x < 1) return kNan;
  if (x > kHuge) return log(x) + kLn2;
  const double above = x - 1;
  return log1p(above + std::sqrt(above * (above + 2)));
}

double atanh(double x) {  // 4.6.22: 1/2 log((1 + x) / (1 - x))
  const double a = std::fabs(x);
  return std::copysign(0.5 * log1p(2 * a / (1 - a)), x);
}

float fmod(float x, float y) { return remainder(x, y); }
double fmod(double x, double y) { return remainder(x, y); }

float toFloat(double x) {
  if (std::fabs(x) < static_cast<double>(std::numeric_limits<float>::min()))
    return std::signbit(x) ? -0.0f : 0.0f;
  return static_cast<float>(x);
}

float toOddFloat(double x) {
  const float rounded = toFloat(x);
  const auto wide = static_cast<double>(rounded);
  if (wide == x || x != x) return rounded;
  auto bits = std::bit_cast<uint32_t>(rounded);
  if (std::fabs(wide) > std::fabs(x)) --bits;  // towards zero, also from infinity
  return std::bit_cast<float>(bits | 1);
}

}  // namespace minnow::kernels::in_double
