// Sums of products of bytes in 32 bits, which wrap around: one small file for each kind of
// instruction that multiplies them (byte_tile_*.cc), all exact, so that all give the same sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/byte_packing.h"
#include "kernels/simd/byte_rows.h"

namespace minnow::kernels::simd {

/// x86 multiplies unsigned by signed bytes, ARM signed ones. x of the other kind has its highest bit
/// flipped, which moves it and its zero point by 128: by tiles on x86. Tiles of ARM have no register to
/// spare, so that bytes come flipped, once for all panels.
#if defined(__arm__) || defined(__aarch64__)
inline constexpr bool kTileTakesSigned = true;
#else
inline constexpr bool kTileTakesSigned = false;
#endif

/// Rows (pixels) by which blocks are cut, those whose sums are computed at once at most, and panels
/// side by side.
inline constexpr int64_t kByteRows = 12, kRowsOfSums = 96, kBytePanels = 2;
inline constexpr int64_t kByteColumns = kBytePanels * BytePanels::kOutputs;

/// Steps of a panel's half, 8 columns, one after another: by threes whose products 16 bits hold together, whatever x is,
/// and then others, of which that is not sure.
struct StepRun {
  int32_t threes, others;

  /// Of a panel at most: a run that is not the first has a three, and one that is not the last two others.
  static constexpr int64_t ofHalf(int64_t steps) { return steps / 5 + 2; }
  static constexpr int64_t ofPanel(int64_t steps) { return 2 * ofHalf(steps); }
};

struct ByteTile {
  const uint8_t* x;         ///< row 0: 4 * steps bytes, of which weights of zero hide the last
  int64_t rowStep;          ///< from a row to the next, in bytes
  int64_t steps;            ///< of four
  uint32_t flip;            ///< of four bytes of x; 0 on ARM
  const std::byte* panels;  ///< of Packing::I8x16
  int64_t panelBytes;       ///< from a panel to the next
  const StepRun* runs;      ///< ofPanel() of them for each panel; null where none were looked for
  bool twosFit;             ///< 16 bits hold the products of two steps of others
  const int32_t* start;     ///< what sums begin with: kByteColumns
  int32_t* sums;            ///< rows of kByteColumns
  const SumsToBytes* to;    ///< for tiles that store bytes; null of sums
  const int64_t* places;    ///< of the row at hand on
  int64_t column = 0;       ///< of panel 0 among those that `to` has factors of
};

/// `panels` is 1 or kBytePanels; rows are any number, up to kRowsOfSums where sums are stored.
using ByteTileFn = void (*)(const ByteTile& tile, int64_t rows, int64_t panels);

struct ByteTiles {
  ByteTileFn sums = nullptr;
  /// Stores bytes at once, of whole panels; null where that gains nothing.
  ByteTileFn bytes = nullptr;
  /// Whether `bytes` has the rounding that is wanted.
  bool (*suits)(const SumsToBytes& to) = nullptr;
  /// For `bytes`, where it computes fewer rows at a time, to have registers left.
  int64_t mostSteps = std::numeric_limits<int64_t>::max();
  /// Finds the runs of panels, for which there is room, whole panels after one another; true if two steps of others
  /// fit, for which no two weights may be -128. Null where tiles have no use for them.
  bool (*findRuns)(const std::byte* weights, int64_t panels, int64_t steps, StepRun* to) = nullptr;
};

/// The best ones of this CPU and target; none where the reference has to do.
ByteTiles byteTiles();

/// What this CPU has that multiplies bytes, whatever the target.
struct ByteInstructions {
  bool dot = false;      ///< AVX-512 VNNI, or AArch64's dot product
  bool mmla = false;     ///< AArch64's products of matrices
  bool avxVnni = false;  ///< that of 256 bits
  bool vbmi = false;     ///< permutes bytes of two registers
};
ByteInstructions byteInstructions();

/// None where they are not compiled; whether this CPU has the instructions, byteTiles() asks.
ByteTiles byteTilesAvx2();
ByteTiles byteTilesVnni();
ByteTiles byteTilesAvxVnni();
ByteTiles byteTilesNeon();
ByteTiles byteTilesDot();
ByteTiles byteTilesMmla();

/// lookUp() with AVX-512 VBMI.
void lookUpVbmi(const ByteLookUp& work);

}  // namespace minnow::kernels::simd
