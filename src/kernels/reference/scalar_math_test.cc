// The elementary functions against the C library in double, over their whole range.
#include "kernels/reference/scalar_math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

namespace minnow::kernels::reference {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Distance from the exact value in units of the float's last place there.
double ulps(float found, double exact) {
  if (std::isnan(exact)) return std::isnan(found) ? 0 : 1e30;
  const auto rounded = static_cast<float>(exact);
  if (rounded == found) return 0;
  if (std::isinf(rounded) || std::isinf(found)) return 1e30;
  if (std::fabs(exact) < std::numeric_limits<float>::min())
    return std::fabs(found) <= std::numeric_limits<float>::min() ? 0 : 1e30;
  return std::fabs(found - exact) / std::ldexp(1.0, std::ilogb(exact) - 23);
}

/// The largest error over every `step`-th float.
double worst(float (*fn)(float), const std::function<double(double)>& exact, uint32_t step = 1009) {
  double most = 0;
  float where = 0;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += step) {
    const auto x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::fpclassify(x) == FP_SUBNORMAL) continue;
    const double error = ulps(fn(x), exact(x));
    if (error > most) where = x;
    most = std::max(most, error);
  }
  testing::Test::RecordProperty("worst_ulp", std::to_string(most));
  EXPECT_LT(most, 1e20) << "at " << where;
  return most;
}

}  // namespace

TEST(ScalarMath, StaysWithinTheStatedError) {
  EXPECT_LE(worst(exp, [](double x) { return std::exp(x); }), 1.1);
  EXPECT_LE(worst(log, [](double x) { return std::log(x); }), 1.0);
  EXPECT_LE(worst(tanh, [](double x) { return std::tanh(x); }), 2.5);
  EXPECT_LE(worst(sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }), 2.5);
  EXPECT_LE(worst(erf, [](double x) { return std::erf(x); }), 1.5);
  EXPECT_LE(worst(softplus,
                  [](double x) {
                    return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
                  }),
            2.0);
  EXPECT_EQ(worst(round, [](double x) { return std::nearbyint(x); }), 0.0);
}

TEST(ScalarMath, EndsOfTheRange) {
  EXPECT_EQ(exp(88.7228317f), std::exp(88.7228317f));
  EXPECT_EQ(exp(88.72284f), kInfinity);
  EXPECT_EQ(exp(kInfinity), kInfinity);
  EXPECT_GT(exp(-87.33654f), 0.0f);
  EXPECT_EQ(exp(-87.33655f), 0.0f);
  EXPECT_EQ(exp(-kInfinity), 0.0f);
  EXPECT_EQ(log(0.0f), -kInfinity);
  EXPECT_EQ(log(-0.0f), -kInfinity);
  EXPECT_TRUE(std::isnan(log(-1.0f)));
  EXPECT_EQ(log(1.0f), 0.0f);
  EXPECT_EQ(tanh(kInfinity), 1.0f);
  EXPECT_EQ(erf(-kInfinity), -1.0f);
  EXPECT_TRUE(std::signbit(round(-0.25f)));
}

// But for two whose text compares, and says 0 otherwise (corners_test.cc).
TEST(ScalarMath, EveryFunctionKeepsNaN) {
  for (int i = 0; i < static_cast<int>(ops::UnaryFn::kEpilogueCount); ++i) {
    const auto fn = static_cast<ops::UnaryFn>(i);
    if (fn == ops::UnaryFn::ThresholdedRelu || fn == ops::UnaryFn::Shrink) continue;
    EXPECT_TRUE(std::isnan(apply({fn, 0.25f, 0.75f}, std::nanf("")))) << ops::unaryFnName(fn);
    EXPECT_TRUE(std::isnan(apply({fn, 0.25f, 0.75f}, -std::nanf("517")))) << ops::unaryFnName(fn);
  }
}

TEST(ScalarMath, ActivationsFollowTheirFormulas) {
  using enum ops::UnaryFn;
  const auto near = [](ops::Epilogue e, float x, double exact) {
    EXPECT_NEAR(apply(e, x), exact, 2e-6 * std::max(1.0, std::fabs(exact)))
        << ops::unaryFnName(e.fn) << " of " << x;
  };
  for (float x = -30; x < 30; x += 0.0625f) {
    const double s = 1 / (1 + std::exp(-double{x})), below = std::expm1(std::min(double{x}, 0.0));
    near({Swish, 1.702f, 0}, x, x / (1 + std::exp(-1.702 * x)));
    near({Swish, 1, 0}, x, x * s);
    near({HardSwish, 0, 0}, x, x * std::max(0.0, std::min(1.0, x / 6.0 + 0.5)));
    near({Elu, 0.5f, 0}, x, x < 0 ? 0.5 * below : x);
    near({Selu, 1.5f, 2.0f}, x, 2 * (x < 0 ? 1.5 * below : x));
    near({Celu, 2.0f, 0}, x, x < 0 ? 2 * std::expm1(x / 2.0) : x);
    near({Mish, 0, 0}, x, x * std::tanh(std::log1p(std::exp(double{x}))));
    near({Gelu, 0, 0}, x, 0.5 * x * std::erfc(-x / std::sqrt(2.0)));
    near({GeluTanh, 0, 0}, x,
         0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))));
    near({Floor, 0, 0}, x, std::floor(x));
    near({Ceil, 0, 0}, x, std::ceil(x));
    near({Shrink, 0.5f, 0.25f}, x, x < -0.5 ? x + 0.25 : x > 0.5 ? x - 0.25 : 0);
  }
}

}  // namespace minnow::kernels::reference
