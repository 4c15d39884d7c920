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
/// NEON adds neither of two products to the other: sums of the first half of a vector's columns are
/// kept apart from those of the second, each beside its neighbour's, until the end. 3 rows of 4
/// vectors take 24 registers of 32, weights 4 and a row's terms one; ARMv7 has 16.
constexpr int kRows = HWY_ARCH_ARM_V7 ? 1 : 3, kHalves = 2;
#else
/// Of 2 vectors with AVX2: 12 registers of 16, weights two, a row's terms one.
constexpr int kRows = 6, kHalves = 1;
#endif
using Sum = hn::Vec<Sums>[kHalves];

HWY_INLINE void clear(Sum& sum) { sum[0] = sum[kHalves - 1] = hn::Zero(Sums()); }

HWY_INLINE void addProducts(hn::Vec<Terms> x, hn::Vec<Terms> w, Sum& sum) {
  auto unused = hn::Zero(Sums());
  auto& other = kHalves == 2 ? sum[kHalves - 1] : unused;
  sum[0] = hn::ReorderWidenMulAccumulate(Sums(), x, w, sum[0], other);
}

HWY_INLINE hn::Vec<Sums> together(const Sum& sum) {
#if HWY_ARCH_ARM
  return hn::Add(hn::ConcatEven(Sums(), sum[1], sum[0]), hn::ConcatOdd(Sums(), sum[1], sum[0]));
#else
  return sum[0];
#endif
}
static_assert(kIntegerRows % kRows == 0);

HWY_INLINE void multiplyRows(const IntegerTile& tile, int64_t first) {
  Sum sums[kRows][kVectors];
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) clear(sums[r][v]);
  }
  const int16_t* x = tile.x + first * 2;
  const int16_t* w = tile.w;
  for (int64_t pair = 0; pair < tile.pairs; ++pair) {
    hn::Vec<Terms> weights[kVectors];
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v)
      weights[v] = hn::LoadU(Terms(), w + v * static_cast<int>(hn::MaxLanes(Terms())));
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const auto both = bothOf(x + r * 2);
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) addProducts(both, weights[v], sums[r][v]);
    }
    x += kIntegerRows * 2;
    w += kIntegerPanel * 2;
  }
  int32_t* to = tile.sums + first * kIntegerPanel;
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v)
      hn::StoreU(together(sums[r][v]), Sums(),
                 to + r * kIntegerPanel + v * static_cast<int>(hn::MaxLanes(Sums())));
  }
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
