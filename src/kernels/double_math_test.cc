// The functions in double against the C library's, rounded to float32 and not; exact cases; and a
// checksum of their bits, which is the same on every machine.
#include "kernels/double_math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace minnow::kernels::in_double {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Function {
  const char* name;
  double (*ours)(float);
  double (*library)(double);
};
const Function kFunctions[] = {
    {"sin", sin, std::sin},
    {"cos", cos, std::cos},
    {"tan", tan, std::tan},
    {"asin", [](float x) { return asin(x); }, std::asin},
    {"acos", [](float x) { return acos(x); }, std::acos},
    {"atan", [](float x) { return atan(x); }, std::atan},
    {"sinh", [](float x) { return sinh(x); }, std::sinh},
    {"cosh", [](float x) { return cosh(x); }, std::cosh},
    {"asinh", [](float x) { return asinh(x); }, std::asinh},
    {"acosh", [](float x) { return acosh(x); }, std::acosh},
    {"atanh", [](float x) { return atanh(x); }, std::atanh},
};

bool isDenormal(float x) { return std::fpclassify(x) == FP_SUBNORMAL; }

/// fn(x) for every `step`-th float that is not denormal.
template <class F>
void forEachFloat(uint32_t step, F&& fn) {
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += step)
    if (const auto x = std::bit_cast<float>(static_cast<uint32_t>(bits)); !isDenormal(x)) fn(x);
}

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

/// SplitMix64 (Steele, Lea, Flood 2014).
uint64_t noise(uint64_t i) {
  uint64_t z = (i + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// FNV-1a over results; a NaN counts as one.
class Checksum {
 public:
  void add(double x) {
    const uint64_t bits = std::isnan(x) ? ~uint64_t{0} : std::bit_cast<uint64_t>(x);
    for (int i = 0; i < 64; i += 8) sum_ = (sum_ ^ (bits >> i & 0xFF)) * 0x100000001B3u;
  }
  uint64_t value() const { return sum_; }

 private:
  uint64_t sum_ = 0xCBF29CE484222325u;
};

}  // namespace

// The libraries' own error is an ulp of double at most.
TEST(DoubleMath, StaysWithinTheStatedError) {
  for (const Function& f : kFunctions) {
    double worst = 0;
    forEachFloat(10007, [&](float x) {
      const double ours = f.ours(x), exact = f.library(x);
      const bool special = !std::isfinite(exact) || exact == 0 || !std::isfinite(toFloat(exact));
      if (special) {
        EXPECT_TRUE(same(toFloat(ours), toFloat(exact))) << f.name << " of " << x;
        return;
      }
      EXPECT_EQ(std::signbit(ours), std::signbit(exact)) << f.name << " of " << x;
      worst = std::max(worst, std::fabs((ours - exact) / exact));
    });
    EXPECT_LE(worst, 0x1p-50) << f.name;
  }
}

// Near multiples of pi/2, and where most digits of 2/pi are needed (the float nearest to one,
// relatively, is 16367173 * 2^72: Muller, Elementary Functions, 11.3).
TEST(DoubleMath, ReducesHugeAngles) {
  for (float x : {16367173 * 0x1p72F, 3.14159274F, 1.57079637F, 355.0F, 0x1.fffffep127F, 1e22F})
    for (const Function& f : {kFunctions[0], kFunctions[1], kFunctions[2]}) {
      const double exact = f.library(x);
      EXPECT_NEAR(f.ours(x), exact, std::fabs(exact) * 0x1p-50) << f.name << " of " << x;
    }
}

TEST(DoubleMath, PowersRoundLikeTheLibrarys) {
  double worst = 0;
  for (uint64_t i = 0; i < 200000; ++i) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(noise(3 * i)) & 0x7FFFFFFF);
    const float any = std::bit_cast<float>(static_cast<uint32_t>(noise(3 * i + 1)));
    const float y = i % 4 ? static_cast<float>(noise(3 * i + 2) >> 40) * 0x1p-19F - 16 : any;
    if (isDenormal(x) || isDenormal(y)) continue;
    const double ours = pow(x, y), exact = std::pow(double{x}, double{y});
    ASSERT_TRUE(same(toFloat(ours), toFloat(exact))) << x << " to the " << y;
    if (toFloat(exact) != 0 && std::isfinite(toFloat(exact)))
      worst = std::max(worst, std::fabs((ours - exact) / exact));
  }
  EXPECT_LE(worst, 0x1p-50);
}

TEST(DoubleMath, IntegerPowersAreExact) {
  for (double base = 2; base < 200; ++base) {
    double exact = 1;
    for (int n = 1; (exact *= base) <= 0x1p53; ++n) {
      ASSERT_EQ(pow(base, n), exact) << base << " to the " << n;
      ASSERT_EQ(pow(-base, n), n % 2 ? -exact : exact) << -base << " to the " << n;
    }
  }
  EXPECT_EQ(pow(9, 1.5), 27);
}

// ISO C, F.10.4.4.
TEST(DoubleMath, PowersOfSpecialValues) {
  const double values[] = {0.0,  -0.0,  1,      -1,     2,         -3,         0.5,  -0.5, 1.5,
                           -2.5, 1e300, 0x1p53, 1e-300, kInfinity, -kInfinity, kNan, 7,    -2};
  for (double x : values)
    for (double y : values) {
      const double ours = pow(x, y), exact = std::pow(x, y);
      EXPECT_TRUE(same(ours, exact) || std::fabs(ours - exact) <= std::fabs(exact) * 0x1p-48)
          << x << " to the " << y << ": " << ours << ", not " << exact;
    }
}

TEST(DoubleMath, ExponentialsAndLogarithms) {
  forEachFloat(100003, [](float x) {
    if (std::fabs(x) < 700) {
      EXPECT_NEAR(exp(x), std::exp(double{x}), std::exp(double{x}) * 0x1p-50) << x;
    }
    if (x > 0 && std::isfinite(x)) {
      EXPECT_NEAR(log(x), std::log(double{x}), std::fabs(std::log(double{x})) * 0x1p-50) << x;
    }
  });
  EXPECT_EQ(exp(710), kInfinity);
  EXPECT_EQ(exp(-720), 0);
  EXPECT_EQ(exp(-kInfinity), 0);
  EXPECT_EQ(log(0.0), -kInfinity);
  EXPECT_EQ(log(-0.0), -kInfinity);
  EXPECT_EQ(log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(log(-1)) && std::isnan(log(kNan)) && std::isnan(exp(kNan)));
}

// The C library's fmod is exact; denormal remainders are 0 here.
TEST(DoubleMath, RemaindersAreExact) {
  const auto flushed = [](auto x) {
    return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(decltype(x){0}, x) : x;
  };
  for (uint64_t i = 0; i < 100000; ++i) {
    const float a = flushed(std::bit_cast<float>(static_cast<uint32_t>(noise(2 * i))));
    const float b = flushed(std::bit_cast<float>(static_cast<uint32_t>(noise(2 * i + 1))));
    ASSERT_TRUE(same(fmod(a, b), flushed(std::fmod(a, b)))) << a << " mod " << b;
    const double x = flushed(std::bit_cast<double>(noise(2 * i)));
    const double y = flushed(std::bit_cast<double>(noise(2 * i) - (noise(2 * i + 1) >> 8)));
    ASSERT_TRUE(same(fmod(x, y), flushed(std::fmod(x, y)))) << x << " mod " << y;
  }
  for (double x : {0.0, -0.0, 5.5, -5.5, kInfinity, kNan})
    for (double y : {0.0, 3.0, -3.0, 0.1, kInfinity, kNan})
      EXPECT_TRUE(same(fmod(x, y), std::fmod(x, y))) << x << " mod " << y;
}

TEST(DoubleMath, RoundsToFloatOnce) {
  EXPECT_EQ(toFloat(1 + 0x1p-24), 1.0F);
  EXPECT_EQ(toFloat(1 + 0x1p-24 + 0x1p-50), 1 + 0x1p-23F);
  EXPECT_EQ(toFloat(0x1p-126), 0x1p-126F);
  EXPECT_EQ(toFloat(0x1p-126 - 0x1p-160), 0.0F);
  EXPECT_TRUE(std::signbit(toFloat(-0x1p-127)));
  EXPECT_EQ(toFloat(1e300), std::numeric_limits<float>::infinity());
  EXPECT_EQ(nearest(2.5), 2);
  EXPECT_EQ(nearest(-3.5), -4);
  EXPECT_EQ(nearest(0x1p52 + 1), 0x1p52 + 1);
  EXPECT_TRUE(std::signbit(nearest(-0.5)));
}

// Every bit of these is decided here: no library, compiler or processor may change the sum.
TEST(DoubleMath, TheSameBitsOnEveryMachine) {
  Checksum sum;
  for (const Function& f : kFunctions) forEachFloat(1000003, [&](float x) { sum.add(f.ours(x)); });
  for (uint64_t i = 0; i < 4000; ++i) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(noise(2 * i)));
    const float y = static_cast<float>(noise(2 * i + 1) >> 40) * 0x1p-19F - 16;
    if (isDenormal(x)) continue;
    sum.add(pow(x, y));
    sum.add(exp(y));
    sum.add(log(x));
    sum.add(static_cast<double>(fmod(x, y)));
  }
  EXPECT_EQ(sum.value(), 0x2F85FBF8E4520CC7u);
}

}  // namespace minnow::kernels::in_double
