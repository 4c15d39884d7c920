// Half precision against its definition.
#include "base/half.h"

#include <gtest/gtest.h>

#include <cmath>

namespace minnow::base {
namespace {

double defined(uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const double magnitude =
      exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
  return half & 0x8000 ? -magnitude : magnitude;
}

}  // namespace

TEST(Half, EveryHalfSurvives) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = floatFromHalf(half);
    if ((half & 0x7FFF) > 0x7C00) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_GT(halfFromFloat(value) & 0x7FFF, 0x7C00);
      continue;
    }
    if ((half & 0x7FFF) < 0x7C00) {
      EXPECT_EQ(value, defined(half)) << bits;
    }
    EXPECT_EQ(halfFromFloat(value), half);
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7BFF; ++bits) {
    const auto low = static_cast<uint16_t>(bits), high = static_cast<uint16_t>(bits + 1);
    const float middle = (floatFromHalf(low) + floatFromHalf(high)) / 2;
    EXPECT_EQ(halfFromFloat(middle), bits % 2 ? high : low);
    EXPECT_EQ(halfFromFloat(std::nextafter(middle, 0.0f)), low);
    EXPECT_EQ(halfFromFloat(std::nextafter(middle, 1e9f)), high);
  }
  EXPECT_EQ(halfFromFloat(65519.996f), 0x7BFF);
  EXPECT_EQ(halfFromFloat(65520.0f), 0x7C00);
  EXPECT_EQ(halfFromFloat(-1e30f), 0xFC00);
}

}  // namespace minnow::base
