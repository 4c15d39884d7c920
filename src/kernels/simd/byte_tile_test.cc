// Every tile of bytes that this CPU can run, whatever the target, against sums as they are written.
#include "kernels/simd/byte_tile.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

namespace minnow::kernels::simd {
namespace {

std::vector<ByteTiles> tilesOfThisCpu() {
  const ByteInstructions has = byteInstructions();
  std::vector<ByteTiles> all{byteTilesNeon()};
  if (has.dot) all.push_back(byteTilesDot()), all.push_back(byteTilesVnni());
  if (has.mmla) all.push_back(byteTilesMmla());
  if (has.avxVnni) all.push_back(byteTilesAvxVnni());
  if (has.dot || has.avxVnni) all.push_back(byteTilesAvx2());  // which is there then too
  all.push_back(byteTiles());
  std::erase_if(all, [](const ByteTiles& tiles) { return !tiles.sums; });
  return all;
}

struct TileCase {
  int64_t rows, panels, steps;
  uint32_t flip;
  int most, least;  ///< of weights
  bool findsRuns;
};

/// A tile's operands.
struct TileData {
  explicit TileData(const TileCase& c)
      : rowStep(c.steps * BytePanels::kSteps + 4),
        panelBytes(c.steps * BytePanels::kStepBytes),
        x(static_cast<size_t>(c.rows * rowStep)),
        w(static_cast<size_t>(c.panels * panelBytes)),
        start(kByteColumns) {
    std::mt19937 random(7);
    for (uint8_t& byte : x) byte = random() % 4 == 0 ? 0x80 : static_cast<uint8_t>(random());
    const int range = c.most - c.least + 1;
    for (int8_t& byte : w)
      byte = static_cast<int8_t>(
          random() % 4 == 0 ? c.least : static_cast<int>(random() % 1000) % range + c.least);
    for (int32_t& s : start) s = static_cast<int32_t>(random());
  }
  const std::byte* panels() const { return reinterpret_cast<const std::byte*>(w.data()); }
  uint32_t sum(const TileCase& c, int64_t row, int64_t column) const {
    auto sum = static_cast<uint32_t>(start[static_cast<size_t>(column)]);
    for (int64_t k = 0; k < c.steps * BytePanels::kSteps; ++k) {
      const auto byte =
          static_cast<uint8_t>(x[static_cast<size_t>(row * rowStep + k)] ^ (c.flip & 0xff));
      const int value = kTileTakesSigned ? static_cast<int8_t>(byte) : byte;
      const int64_t at = column / BytePanels::kOutputs * panelBytes +
                         k / BytePanels::kSteps * BytePanels::kStepBytes +
                         column % BytePanels::kOutputs * BytePanels::kSteps +
                         k % BytePanels::kSteps;
      sum += static_cast<uint32_t>(value * w[static_cast<size_t>(at)]);
    }
    return sum;
  }

  int64_t rowStep, panelBytes;
  std::vector<uint8_t> x;
  std::vector<int8_t> w;
  std::vector<int32_t> start;
};

/// What a convolution finds for all panels.
struct Runs {
  std::vector<StepRun> all;
  bool twosFit = false;

  Runs(const ByteTiles& tiles, const TileCase& c, const TileData& data) {
    if (!tiles.findRuns || !c.findsRuns) return;
    all.resize(static_cast<size_t>(c.panels * StepRun::ofPanel(c.steps)));
    twosFit = tiles.findRuns(data.panels(), c.panels, c.steps, all.data());
  }
  const StepRun* data() const { return all.empty() ? nullptr : all.data(); }
};

void expectSums(const ByteTiles& tiles, const TileCase& c) {
  const TileData data(c);
  const Runs runs(tiles, c, data);
  std::vector<int32_t> sums(static_cast<size_t>(c.rows * kByteColumns));
  tiles.sums({data.x.data(), data.rowStep, c.steps, c.flip, data.panels(), data.panelBytes,
              runs.data(), runs.twosFit, data.start.data(), sums.data(), nullptr, nullptr},
             c.rows, c.panels);
  for (int64_t r = 0; r < c.rows; ++r)
    for (int64_t column = 0; column < c.panels * BytePanels::kOutputs; ++column)
      ASSERT_EQ(static_cast<uint32_t>(sums[static_cast<size_t>(r * kByteColumns + column)]),
                data.sum(c, r, column))
          << "row " << r << " of " << c.rows << ", column " << column << ", steps " << c.steps
          << ", weights " << c.least << " to " << c.most;
}

/// Weights of which three steps fit in 16 bits, never, sometimes, always, and just.
constexpr std::pair<int, int> kWeights[] = {{-127, 127}, {-128, 127}, {-100, 100}, {-85, 84},
                                            {-90, 20},   {-84, -84},  {-128, -128}};

TEST(ByteTiles, SumsAreExact) {
  for (const ByteTiles& tiles : tilesOfThisCpu())
    for (const int64_t rows : {1, 2, 5, 12, 17, 96})
      for (const int64_t steps : {1, 2, 3, 4, 5, 7, 64, 65, 129})
        for (const uint32_t flip : {0U, kTileTakesSigned ? 0U : 0x80808080U})
          for (const auto& [least, most] : kWeights)
            for (const bool findsRuns : {false, true})
              if (!findsRuns || tiles.findRuns)
                expectSums(tiles,
                           {rows, 1 + rows % kBytePanels, steps, flip, most, least, findsRuns});
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
  std::vector<uint8_t> stored(kRows * kByteColumns + 8, 77);
  const std::vector<int64_t> places{64, 0, 96, 32, 128};
  const Requantiser to(y);
  storeSums({sums.data(), factors.data(), more.data(), to, isSmall, isSigned, stored.data(),
             places.data(), kRows, columns, false});
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

/// What a tile stores at once: rounding, and the range of results.
struct TileBytes {
  ops::QuantisationRule rule;
  bool isSigned, behindRelu, ties;  ///< ties are every fourth number

  ops::QuantisedResult result() const {
    ops::QuantisedResult y;
    y.rule = rule;
    y.least = isSigned ? -128 : 0, y.most = y.least + 255, y.zero = y.least;
    if (!behindRelu) y.zero += 120, y.least += 3, y.most -= 7;
    return y;
  }
};

void expectTileBytes(const ByteTiles& tiles, TileCase c, const TileBytes& as) {
  TileData data(c);
  for (int32_t& s : data.start) s = s % (1 << 20);
  const Runs runs(tiles, c, data);
  std::vector<float> factors(kByteColumns), more(kByteColumns);
  std::mt19937 random(3);
  for (size_t i = 0; i < factors.size(); ++i) {  // results are less than 32,000
    factors[i] = as.ties ? 0x1p-10F : static_cast<float>(2e-3 / (1 + random() % 1000));
    if (as.rule != ops::QuantisationRule::OnnxRuntime)
      setTfliteFactor(as.rule, static_cast<double>(factors[i]), factors[i], more[i]);
  }
  const Requantiser rule(as.result());
  std::vector<int64_t> places;
  for (int64_t r = 0; r < c.rows; ++r) places.push_back((c.rows - r - 1) * (kByteColumns + 3));
  std::vector<uint8_t> y(static_cast<size_t>(c.rows * (kByteColumns + 3)), 77);
  const SumsToBytes to{nullptr,  factors.data(), more.data(), rule,         true, as.isSigned,
                       y.data(), places.data(),  c.rows,      kByteColumns, true};
  if (!tiles.suits(to)) return;
  std::vector<int32_t> sums(static_cast<size_t>(c.rows * kByteColumns));
  tiles.bytes({data.x.data(), data.rowStep, c.steps, c.flip, data.panels(), data.panelBytes,
               runs.data(), runs.twosFit, data.start.data(), sums.data(), &to, places.data()},
              c.rows, c.panels);
  for (int64_t r = 0; r < c.rows; ++r)
    for (int64_t column = 0; column < c.panels * BytePanels::kOutputs; ++column) {
      const auto at = static_cast<size_t>(column);
      const auto sum = static_cast<int32_t>(data.sum(c, r, column));
      ASSERT_EQ(y[static_cast<size_t>(places[static_cast<size_t>(r)]) + at],
                byteOfSum(rule, sum, factors[at], more[at]))
          << "row " << r << " of " << c.rows << ", column " << column << ", sum " << sum
          << ", rule " << static_cast<int>(as.rule) << ", relu " << as.behindRelu;
    }
}

TEST(ByteTiles, BytesAreRoundedSums) {
  for (const ByteTiles& tiles : tilesOfThisCpu())
    for (const auto rule : {ops::QuantisationRule::OnnxRuntime, ops::QuantisationRule::TfliteFixed,
                            ops::QuantisationRule::TfliteReal})
      for (const int64_t rows : {1, 2, 5, 12, 17, 96})
        for (const int64_t steps : {1, 7, 31})
          for (const bool isSigned : {false, true})
            for (const bool behindRelu : {false, true})
              for (const bool ties : {false, true})
                if (tiles.bytes)
                  expectTileBytes(tiles, {rows, 1 + rows % kBytePanels, steps, 0, 90, -90, true},
                                  {rule, isSigned, behindRelu, ties});
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
