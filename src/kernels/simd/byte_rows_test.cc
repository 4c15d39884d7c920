// Rows of bytes with gaps between them: functions of one byte and of two, against what they say.
#include "kernels/simd/byte_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "kernels/simd/byte_tile.h"

namespace minnow::kernels::simd {
namespace {

constexpr int64_t kRows = 3, kGap = 5;
constexpr uint8_t kUntouched = 77;
constexpr int64_t kCounts[] = {1, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130};

std::vector<uint8_t> randomBytes(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(static_cast<size_t>(count));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

/// Fails unless y[r][i] is wanted(r, i), and the gaps are as they were.
template <class F>
void expectRows(const std::vector<uint8_t>& y, int64_t count, F&& wanted) {
  for (int64_t r = 0; r < kRows; ++r)
    for (int64_t i = 0; i < count + kGap; ++i)
      ASSERT_EQ(y[static_cast<size_t>(r * (count + kGap) + i)],
                i < count ? wanted(r, i) : kUntouched)
          << "row " << r << ", byte " << i << " of " << count;
}

TEST(ByteRows, TablesAreLookedUpInRows) {
  const auto table = randomBytes(256, 1);
  std::vector<void (*)(const ByteLookUp&)> functions{lookUp};
  if (byteInstructions().vbmi) functions.push_back(lookUpVbmi);
  for (const auto& function : functions)
    for (const int64_t count : kCounts) {
      const auto x = randomBytes(kRows * (count + 2), 2);
      std::vector<uint8_t> y(static_cast<size_t>(kRows * (count + kGap)), kUntouched);
      function({table.data(), x.data(), y.data(), kRows, count, count + 2, count + kGap});
      expectRows(y, count, [&](int64_t r, int64_t i) {
        return table[x[static_cast<size_t>(r * (count + 2) + i)]];
      });
    }
}

/// A sum of equal scales whose zero points are 0 is that of the bytes, clamped.
TEST(ByteRows, PairsAreComputedInRows) {
  ops::QuantizedBinary op;
  op.fn = ops::QuantizedFn::Add;
  const BytePairFunction add(op, DataType::Uint8, DataType::Uint8);
  for (const int64_t count : kCounts)
    for (const int64_t bStep : {0, 1}) {
      const auto a = randomBytes(kRows * (count + 2), 3), b = randomBytes(kRows * (count + 1), 4);
      std::vector<uint8_t> y(static_cast<size_t>(kRows * (count + kGap)), kUntouched);
      computePairs(add, {a.data(), b.data(), 1, bStep, y.data(), count, kRows, count + 2, count + 1,
                         count + kGap});
      expectRows(y, count, [&](int64_t r, int64_t i) {
        const int sum = a[static_cast<size_t>(r * (count + 2) + i)] +
                        b[static_cast<size_t>(r * (count + 1) + i * bStep)];
        return static_cast<uint8_t>(std::min(sum, 255));
      });
    }
}

/// Of 32 bits, by vectors and of channels that fill none: each product is 255 * 127.
TEST(ByteSums, WrapAround) {
  if (!byteTiles().sums) GTEST_SKIP() << "the reference does without";
  for (const int64_t channels : {1, 3, 8, 17, 70}) {
    const auto n = static_cast<size_t>(channels);
    const std::vector<uint8_t> x(2 * n, 255);
    std::vector<int32_t> sums(n, INT32_MAX);
    addPixels({x.data(), false, 2, channels, channels, sums.data()});
    EXPECT_EQ(sums, std::vector(n, INT32_MIN + 509));
    if (kTileTakesSigned) continue;  // there depthwise convolutions go by slices
    const std::vector<int8_t> weights(n, 127);
    const std::vector<int32_t> start(n, INT32_MAX);
    const std::vector<float> factors(n);
    const uint8_t* place = x.data();
    const ByteRun run{1, reinterpret_cast<uint8_t*>(sums.data())};
    convolveDepthwise(
        {{1, channels, weights.data(), channels, 0, start.data(), factors.data(), factors.data(),
          Requantiser(ops::QuantisedResult::real()), true, false, false, true, false},
         &run,
         &place,
         1,
         channels,
         4 * channels});
    EXPECT_EQ(sums, std::vector(n, INT32_MIN + 255 * 127 - 1));
  }
}

}  // namespace
}  // namespace minnow::kernels::simd
