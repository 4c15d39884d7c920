// Elementary functions in double, from IEEE operations in a fixed order: C libraries differ in the
// last bits, and one library takes other code on other processors. Written for results that are
// rounded once to float32: in float32's range every function is at most 2^-50 off, relatively, so
// that a float32 result is at most 0.5 + 2^-26 ulp off (double_math_test.cc).
//
// Sources: argument reduction by the bits of 2/pi, Payne and Hanek 1983; log1p, Goldberg 1991,
// theorem 4; double-double arithmetic, Dekker 1971; the rest are Taylor series and identities of
// Abramowitz and Stegun, chapter 4, named where they are used.
#pragma once

namespace minnow::kernels::in_double {

// As C's functions of these names treat zeros, infinities, NaN and what is undefined; denormal
// arguments and results count as 0.
double exp(double x);
double log(double x);
/// Exact where the result is an integer below 2^53.
double pow(double x, double y);
/// Half to even.
double nearest(double x);

// Reduction by 2/pi is exact for every float32. A double is reduced as a sum of three, which loses
// digits near multiples of pi/2 (the error stays below 2^-50 of 1), and beyond float32's range
// there is no angle: NaN.
double sin(float x);
double cos(float x);
double tan(float x);
double sin(double x);
double cos(double x);
double tan(double x);
double asin(double x);
double acos(double x);
double atan(double x);
double sinh(double x);
double cosh(double x);
double asinh(double x);
double acosh(double x);
double atanh(double x);

double expm1(double x);
double log1p(double x);
double tanh(double x);
double erf(double x);

/// The remainder of x / y with x's sign: exact, by integers. A denormal remainder is 0, a denormal
/// divisor is 0.
float fmod(float x, float y);
double fmod(double x, double y);

/// x rounded to float32; below the least normal number it is 0, of x's sign, whether the processor
/// flushes before it rounds or after.
float toFloat(double x);

/// x as a float that rounds to any shorter format as x itself would: not rounded but cut off, and
/// its last bit set if anything was (rounding to odd).
float toOddFloat(double x);

}  // namespace minnow::kernels::in_double
