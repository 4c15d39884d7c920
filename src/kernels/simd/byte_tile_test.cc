// Every tile of bytes that this CPU can run, whatever the target, against sums as they are written.
#include "kernels/simd/byte_tile.h"

#include <gtest/gtest.h>

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
              panelBytes, start.data(), sums.data(), nullptr, nullptr},
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
        for (const uint32_t flip : {0U, 0x80808080U})
          for (const int least : {-127, -128})
            expectSums(tiles, {rows, 1 + rows % kBytePanels, steps, flip, least});
}

}  // namespace
}  // namespace minnow::kernels::simd
