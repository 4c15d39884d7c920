// Elements as numbers.
#include "analysis/host_tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace minnow::analysis {
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

}  // namespace
}  // namespace minnow::analysis
