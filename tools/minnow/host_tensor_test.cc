// Elements as numbers, the two fillers, comparing.
#include "host_tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "compare.h"
#include "inputs.h"
#include "random.h"

namespace minnow::tool {
namespace {

HostTensor floats(std::initializer_list<double> values) {
  HostTensor tensor =
      HostTensor::ofType({DataType::Float32, Shape{static_cast<int64_t>(values.size())}});
  int64_t i = 0;
  for (const double value : values) setElement(tensor, i++, value);
  return tensor;
}

TEST(HostTensor, EveryHalfSurvivesFloat) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float wide = halfToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(wide)) continue;
    ASSERT_EQ(floatToHalf(wide), bits);
  }
  EXPECT_EQ(floatToHalf(1.0f + 0x1p-11f), 0x3c00);  // half way: to even
  EXPECT_EQ(floatToHalf(1.0f + 0x1.8p-10f), 0x3c02);
  EXPECT_EQ(floatToHalf(1e9f), 0x7c00);
}

TEST(HostTensor, NumbersAreClampedIntoIntegers) {
  HostTensor bytes = HostTensor::ofType({DataType::Uint8, Shape{2}});
  setElement(bytes, 0, 300.7);
  setElement(bytes, 1, -5);
  EXPECT_EQ(elementAsDouble(bytes, 0), 255);
  EXPECT_EQ(elementAsDouble(bytes, 1), 0);
}

TEST(HostTensor, SummaryLeavesNansOut) {
  const Summary summary = summarise(floats({1, NAN, 3}));
  EXPECT_EQ(summary.min, 1);
  EXPECT_EQ(summary.max, 3);
  EXPECT_EQ(summary.mean, 2);
  EXPECT_EQ(summary.nans, 1);
}

TEST(Fill, RandomIsSplitMix64) {
  EXPECT_EQ(SplitMix64(0).next(), 0xe220a8397b1dcdafu);  // the published first value of seed 0
  HostTensor tensor = floats({0, 0, 0});
  fillRandom(tensor, 7);
  SplitMix64 random(7);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(elementAsDouble(tensor, i), random.uniform());
}

TEST(Compare, ToleranceAndSpecialValues) {
  EXPECT_TRUE(compare(floats({1.0009, 0, NAN, INFINITY}), floats({1, 1e-6, NAN, INFINITY})).equal);
  EXPECT_FALSE(compare(floats({1.002}), floats({1})).equal);
  EXPECT_FALSE(compare(floats({1}), floats({NAN})).equal);
  EXPECT_FALSE(compare(floats({-INFINITY}), floats({INFINITY})).equal);
  EXPECT_FALSE(compare(floats({1, 1}), floats({1})).equal);
}

TEST(Compare, IntegersMustBeEqualBeyondDoubles) {
  HostTensor a = HostTensor::ofType({DataType::Int64, Shape{1}}), b = a;
  *a.view().as<int64_t>() = (int64_t{1} << 60) + 1;
  *b.view().as<int64_t>() = int64_t{1} << 60;
  EXPECT_FALSE(compare(a, b).equal);
  EXPECT_TRUE(compare(a, a).equal);
}

}  // namespace
}  // namespace minnow::tool
