// Every tile of bytes that this CPU can run, whatever the target, against sums as they are written.
#include "kernels/simd/byte_tile.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <vector>

namespace minnow::kernels::simd {
namespace {

std::vector<ByteTiles> tilesOfThisCpu() {
  const ByteInstructions has = byteInstructions();
  std::vector<ByteTiles> all{byteTilesNeon()};
  if (has.dot) all.push_back(byteTilesDot()), all.push_back(byteTilesVnni());
  if (has.avxVnni) all.push_back(byteTilesAvxVnni());
  if (has.dot || has.avxVnni) all.push_back(byteTilesAvx2());  // which is there then too
  all.push_back(byteTiles());
  std::erase_if(all, [](const ByteTiles& tiles) { return !tiles.sums; });
  return all;
}

struct TileCase {
  int64_t rows, panels, steps;
  uint32_t flip;
  int least;  ///< of weights
};

void expectSums(const ByteTiles& tiles, const TileCase& c) {
  std::mt19937 random(7);
  const int64_t rowStep = c.steps * BytePanels::kSteps + 4;
  const int64_t panelBytes = c.steps * BytePanels::kStepBytes;
  std::vector<uint8_t> x(static_cast<size_t>(c.rows * rowStep));
  for (uint8_t& byte : x) byte = random() % 4 == 0 ? 0 : static_cast<uint8_t>(random());
  std::vector<int8_t> w(static_cast<size_t>(c.panels * panelBytes));
  for (int8_t& byte : w)
    byte =
        static_cast<int8_t>(random() % 4 == 0 ? c.least : static_cast<int>(random() % 255) - 127);
  std::vector<int32_t> start(kByteColumns), sums(static_cast<size_t>(c.rows * kByteColumns));
  for (int32_t& s : start) s = static_cast<int32_t>(random());
  tiles.sums({x.data(), rowStep, c.steps, c.flip, reinterpret_cast<const std::byte*>(w.data()),
              panelBytes, true, start.data(), sums.data(), nullptr, nullptr},
             c.rows, c.panels);
  for (int64_t r = 0; r < c.rows; ++r)
    for (int64_t column = 0; column < c.panels * BytePanels::kOutputs; ++column) {
      auto sum = static_cast<uint32_t>(start[static_cast<size_t>(column)]);
      for (int64_t k = 0; k < c.steps * BytePanels::kSteps; ++k) {
        const auto byte =
            static_cast<uint8_t>(x[static_cast<size_t>(r * rowStep + k)] ^ (c.flip & 0xff));
        const int value = kTileTakesSigned ? static_cast<int8_t>(byte) : byte;
        const int64_t at = column / BytePanels::kOutputs * panelBytes +
                           k / BytePanels::kSteps * BytePanels::kStepBytes +
                           column % BytePanels::kOutputs * BytePanels::kSteps +
                           k % BytePanels::kSteps;
        sum += static_cast<uint32_t>(value * w[static_cast<size_t>(at)]);
      }
      ASSERT_EQ(static_cast<uint32_t>(sums[static_cast<size_t>(r * kByteColumns + column)]), sum)
          << "row " << r << " of " << c.rows << ", column " << column << ", steps " << c.steps;
    }
}

TEST(ByteTiles, SumsAreExact) {
  for (const ByteTiles& tiles : tilesOfThisCpu())
    for (const int64_t rows : {1, 2, 5, 12, 17, 96})
      for (const int64_t steps : {1, 2, 7, 64, 65, 129})
        for (const uint32_t flip : {0U, kTileTakesSigned ? 0U : 0x80808080U})
          for (const int least : {-127, -128})
            expectSums(tiles, {rows, 1 + rows % kBytePanels, steps, flip, least});
}

/// A factor of sums that make every other product a tie, and none more than 16 bits hold.
constexpr double kHalves = 0x1p-17;

/// By vectors and one by one, of all columns and of some; behind a ReLU the zero point is the least.
void expectBytes(ops::QuantisationRule rule, double most, int64_t columns, bool isSigned,
                 bool behindRelu) {
  constexpr int64_t kRows = 5;
  std::mt19937 random(11);
  ops::QuantisedResult y;
  y.rule = rule, y.least = isSigned ? -127 : 3, y.most = isSigned ? 127 : 250,
  y.zero = isSigned ? -5 : 120;
  if (behindRelu) y.zero = y.least = isSigned ? -128 : 0, y.most = y.least + 255;
  std::vector<int32_t> sums(kRows * kByteColumns);
  std::vector<float> factors(kByteColumns), more(kByteColumns);
  for (int32_t& sum : sums)
    sum = most == kHalves
              ? static_cast<int32_t>(random() % 4096 - 2048) * 0x10000
              : static_cast<int32_t>(random() >> random() % 31) * (random() % 2 ? 1 : -1);
  const bool isReal = rule == ops::QuantisationRule::OnnxRuntime;
  bool allSmall = true;
  for (size_t c = 0; c < factors.size(); ++c) {
    const auto part = static_cast<double>(random() % 100000);
    const double factor = most == kHalves ? most : most / (1 + part);
    factors[c] = static_cast<float>(factor);
    if (isReal) continue;
    setTfliteFactor(rule, factor, factors[c], more[c]);
    allSmall = allSmall && isSmallExponent(std::bit_cast<int32_t>(more[c]));
  }
  const bool isSmall = isReal ? areSmall(factors.data(), kByteColumns) : allSmall;
  bool isNarrow = isReal;
  for (size_t i = 0; i < sums.size(); ++i)
    isNarrow =
        isNarrow && std::abs(static_cast<float>(sums[i]) * factors[i % kByteColumns]) < 32000;
  std::vector<uint8_t> stored(kRows * kByteColumns + 8, 77);
  const std::vector<int64_t> places{64, 0, 96, 32, 128};
  const Requantiser to(y);
  storeSums({sums.data(), factors.data(), more.data(), to, isSmall, isSigned, stored.data(),
             places.data(), kRows, columns, isNarrow});
  for (int64_t r = 0; r < kRows; ++r)
    for (int64_t c = 0; c < kByteColumns; ++c) {
      const auto at = static_cast<size_t>(c);
      const uint8_t wanted = c < columns
                                 ? byteOfSum(to, sums[static_cast<size_t>(r * kByteColumns + c)],
                                             factors[at], more[at])
                                 : 77;
      ASSERT_EQ(stored[static_cast<size_t>(places[static_cast<size_t>(r)] + c)], wanted)
          << "row " << r << ", column " << c << ", factors up to " << most;
    }
}

TEST(SumsToBytes, VectorsRoundAsOneByOne) {
  for (const auto rule : {ops::QuantisationRule::OnnxRuntime, ops::QuantisationRule::TfliteFixed,
                          ops::QuantisationRule::TfliteReal})
    for (const double most : {kHalves, 0.4, 0.9, 20.0})
      for (const int64_t columns : {32, 16, 8, 3, 27})
        for (const bool isSigned : {false, true})
          for (const bool behindRelu : {false, true})
            expectBytes(rule, most, columns, isSigned, behindRelu);
}

}  // namespace
}  // namespace minnow::kernels::simd
