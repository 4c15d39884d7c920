// A tile's function for every number of rows: compilers keep sums in registers where it is known.
#pragma once

#include <array>
#include <utility>

#include "kernels/simd/byte_tile.h"

namespace minnow::kernels::simd {

/// Runs `Tile<rows, panels>::run(tile)`, of at most `Most` rows; more are computed one lot after another.
template <template <int, int> class Tile, int Most, int Panels>
void runByteRows(ByteTile tile, int64_t rows) {
  using Fn = void (*)(const ByteTile&);
  static constexpr auto kTable = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<Fn, Most>{Tile<I + 1, Panels>::run...};
  }(std::make_integer_sequence<int, Most>());
  const int64_t lots = (rows + Most - 1) / Most, each = rows / lots, larger = rows % lots;
  for (int64_t lot = 0; lot < lots; ++lot) {
    const int64_t n = each + (lot < larger ? 1 : 0);
    kTable[static_cast<size_t>(n - 1)](tile);
    tile.x += n * tile.rowStep;
    tile.sums += n * kByteColumns;
    tile.places += n;
  }
}

/// Calls run(panel, rows) of one panel after another.
template <class F>
void forEachPanel(const ByteTile& tile, int64_t panels, F&& run) {
  ByteTile one = tile;
  for (int64_t p = 0; p < panels; ++p) {
    run(one);
    one.panels += one.panelBytes;
    one.start += BytePanels::kOutputs;
    one.sums += BytePanels::kOutputs;
    one.column += BytePanels::kOutputs;
    if (one.runs) one.runs += StepRun::ofPanel(one.steps);
  }
}

}  // namespace minnow::kernels::simd
