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

TEST(HostTensor, HalvesAreRoundedToEven) {
  HostTensor halves = HostTensor::ofType({DataType::Float16, Shape{2}});
  setElement(halves, 0, 1.0 + 0x1p-11);
  setElement(halves, 1, 1e9);
  EXPECT_EQ(elementAsDouble(halves, 0), 1);
  EXPECT_EQ(elementAsDouble(halves, 1), std::numeric_limits<double>::infinity());
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
