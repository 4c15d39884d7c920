#include "analysis/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace minnow::analysis {
namespace {

TensorView viewOf(float* data, const Shape& shape) {
  return {{DataType::Float32, shape, plainStrides(shape)}, data};
}

// Expected digits by Python's xxhash: xxh3_128_hexdigest.
TEST(Hash, IsXxh3OfTheElements) {
  float values[] = {0.46875F, -1, 3};
  EXPECT_EQ(hashOf(viewOf(values, {3})), "18c3d3b867dd518968b256a40e4a149e");
  EXPECT_EQ(hashOf(viewOf(values, Shape{0})), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, OfManyElements) {
  std::vector<float> values(20000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 251);
  EXPECT_EQ(hashOf(viewOf(values.data(), {200, 100})), "0f75c64e61ca0027dae706884675c6a9");
}

TEST(Hash, FollowsTheModelsAxesAndNotStorage) {
  float plain[] = {1, 2, 3, 4, 5, 6}, turned[] = {1, 4, 2, 5, 3, 6};
  TensorView view = viewOf(turned, {2, 3});
  view.strides[0] = 1;
  view.strides[1] = 2;
  EXPECT_EQ(hashOf(view), hashOf(viewOf(plain, {2, 3})));
  EXPECT_NE(hashOf(viewOf(turned, {2, 3})), hashOf(viewOf(plain, {2, 3})));
}

TEST(Hash, KnowsOneNan) {
  float a[] = {std::bit_cast<float>(0xFFC00000U)}, b[] = {std::bit_cast<float>(0x7F800001U)};
  float infinity[] = {std::numeric_limits<float>::infinity()}, zero[] = {0.0F}, minus[] = {-0.0F};
  EXPECT_EQ(hashOf(viewOf(a, {1})), hashOf(viewOf(b, {1})));
  EXPECT_NE(hashOf(viewOf(a, {1})), hashOf(viewOf(infinity, {1})));
  EXPECT_NE(hashOf(viewOf(zero, {1})), hashOf(viewOf(minus, {1})));
}

}  // namespace
}  // namespace minnow::analysis
