// Every conversion in vectors beside the one of a single element, whose bits it must have.
#include "kernels/simd/convert_rows.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/element_types.h"

namespace minnow::kernels::simd {
namespace {

template <class From, class To>
void expectBits(DataType from, DataType to, const std::vector<From>& x) {
  const DenseConversion dense = denseConversion(from, to);
  if (!dense) GTEST_SKIP() << "not in vectors here";
  std::vector<To> y(x.size());
  dense(reinterpret_cast<const std::byte*>(x.data()), reinterpret_cast<std::byte*>(y.data()),
        std::ssize(x));
  for (size_t i = 0; i < x.size(); ++i) {
    const To expected = convert<To>(x[i]);
    ASSERT_EQ(std::memcmp(&y[i], &expected, sizeof(To)), 0) << "element " << i;
  }
}

/// Steps through all bits, and what lies at the borders of the shorter types.
std::vector<float> manyFloats() {
  std::vector<float> x;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 4099)
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  for (float border :
       {0.0f, 0x1p-25f, 0x1p-24f, 0x1p-14f, 127.0f, 128.0f, 255.0f, 256.0f, 65504.0f, 65519.0f,
        65520.0f, 65536.0f, 0x1p31f, 0x1p32f, std::numeric_limits<float>::infinity()})
    for (int64_t ulps = -2; ulps <= 2; ++ulps) {
      const uint32_t magnitude = std::bit_cast<uint32_t>(border) + static_cast<uint32_t>(ulps);
      for (uint32_t sign : {0u, 0x80000000u}) x.push_back(std::bit_cast<float>(magnitude ^ sign));
    }
  return x;
}

TEST(ConvertRows, FloatFromEveryHalf) {
  std::vector<Half> x(65536);
  for (size_t i = 0; i < x.size(); ++i) x[i].bits = static_cast<uint16_t>(i);
  expectBits<Half, float>(DataType::Float16, DataType::Float32, x);
}

TEST(ConvertRows, FloatFromEveryBoolean) {
  std::vector<Boolean> x(256);
  for (size_t i = 0; i < x.size(); ++i) x[i].byte = static_cast<uint8_t>(i);
  expectBits<Boolean, float>(DataType::Bool, DataType::Float32, x);
}

TEST(ConvertRows, HalfFromFloat) {
  expectBits<float, Half>(DataType::Float32, DataType::Float16, manyFloats());
}

TEST(ConvertRows, IntegersFromFloat) {
  expectBits<float, int32_t>(DataType::Float32, DataType::Int32, manyFloats());
  expectBits<float, uint8_t>(DataType::Float32, DataType::Uint8, manyFloats());
  expectBits<float, int8_t>(DataType::Float32, DataType::Int8, manyFloats());
}

TEST(ConvertRows, FloatFromDouble) {
  std::vector<double> x;
  for (float v : manyFloats()) {
    const auto bits = std::bit_cast<uint64_t>(static_cast<double>(v));
    for (uint64_t more : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 28, uint64_t{3} << 27})
      x.push_back(std::bit_cast<double>(bits + more));
  }
  for (double v : {1e-320, 1e-300, 1e300, -1e-300, -1e300}) x.push_back(v);
  expectBits<double, float>(DataType::Float64, DataType::Float32, x);
}

}  // namespace
}  // namespace minnow::kernels::simd
