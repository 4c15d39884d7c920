// What fills inputs and compares outputs.
#include "inputs.h"

#include <gtest/gtest.h>

#include <cmath>

#include "compare.h"
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
