// The tile of integer products, one source for every instruction set.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer_tile.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/dispatch.h"
#include "kernels/simd/integer_tile.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128  // where there is no vector the reference runs
void multiplyInRows(const IntegerTile&) {}
#else

using Sums = hn::CappedTag<int32_t, kIntegerPanel>;
using Terms = hn::Repartition<int16_t, Sums>;
constexpr int kVectors = kIntegerPanel / hn::MaxLanes(Sums());

/// Both terms of a row, in every column.
HWY_INLINE hn::Vec<Terms> bothOf(const int16_t* pair) {
  int32_t both;
  hwy::CopyBytes<sizeof both>(pair, &both);
  return hn::BitCast(Terms(), hn::Set(Sums(), both));
}

#if HWY_ARCH_ARM
/// NEON adds neither of two products to the other: sums of the first half of columns are kept apart
/// from those of the second, each beside its neighbour's, until the end. 3 rows of 4 vectors take 24
/// registers of 32, weights 4 and a row's terms one; ARMv7 has 16.
constexpr int kRows = HWY_ARCH_ARM_V7 ? 1 : 3;
struct Accumulator {
  hn::Vec<Sums> low, high;
  HWY_INLINE void clear() { low = high = hn::Zero(Sums()); }
  HWY_INLINE void add(hn::Vec<Terms> x, hn::Vec<Terms> w) {
    low = hn::ReorderWidenMulAccumulate(Sums(), x, w, low, high);
  }
  HWY_INLINE hn::Vec<Sums> sums() const { return vpaddedOf(low, high); }
  static HWY_INLINE hn::Vec<Sums> vpaddedOf(hn::Vec<Sums> a, hn::Vec<Sums> b) {
    return hn::Add(hn::ConcatEven(Sums(), b, a), hn::ConcatOdd(Sums(), b, a));
  }
};
#else
constexpr int kRows = 6;  // of 2 vectors with AVX2: 12 registers of 16, weights two, a row's terms one
struct Accumulator {
  hn::Vec<Sums> all;
  HWY_INLINE void clear() { all = hn::Zero(Sums()); }
  HWY_INLINE void add(hn::Vec<Terms> x, hn::Vec<Terms> w) {
    auto none = hn::Zero(Sums());
    all = hn::ReorderWidenMulAccumulate(Sums(), x, w, all, none);
  }
  HWY_INLINE hn::Vec<Sums> sums() const { return all; }
};
#endif
static_assert(kIntegerRows % kRows == 0);

HWY_INLINE void multiplyRows(const IntegerTile& tile, int64_t first) {
  Accumulator sums[kRows][kVectors];
  for (auto& row : sums)
    for (auto& sum : row) sum.clear();
  const int16_t* x = tile.x + first * 2;
  const int16_t* w = tile.w;
  for (int64_t pair = 0; pair < tile.pairs; ++pair) {
    hn::Vec<Terms> weights[kVectors];
    for (int v = 0; v < kVectors; ++v)
      weights[v] = hn::LoadU(Terms(), w + v * static_cast<int>(hn::MaxLanes(Terms())));
    for (int r = 0; r < kRows; ++r) {
      const auto both = bothOf(x + r * 2);
      for (int v = 0; v < kVectors; ++v) sums[r][v].add(both, weights[v]);
    }
    x += kIntegerRows * 2;
    w += kIntegerPanel * 2;
  }
  int32_t* to = tile.sums + first * kIntegerPanel;
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v)
      hn::StoreU(sums[r][v].sums(), Sums(),
                 to + r * kIntegerPanel + v * static_cast<int>(hn::MaxLanes(Sums())));
}

void multiplyInRows(const IntegerTile& tile) {
  for (int64_t first = 0; first < kIntegerRows; first += kRows) multiplyRows(tile, first);
}
#endif

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

void multiplyTile(const IntegerTile& tile) { MINNOW_DISPATCH(multiplyInRows)(tile); }

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
