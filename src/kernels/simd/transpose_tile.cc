// Transposing in registers: 4 x 4 blocks, and interleaving where one side is 2 to 4 elements wide.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/transpose_tile.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/simd/dispatch.h"
#include "kernels/simd/transpose_tile.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void plainTile(const TransposeTile& t, int64_t firstRow, int64_t firstColumn) {
  for (int64_t r = firstRow; r < t.rows; ++r)
    for (int64_t c = firstColumn; c < t.columns; ++c)
      t.to[r * t.toStride + c] = t.from[r + c * t.fromStride];
}

/// Columns that lie densely in the target: rows are interleaved.
template <int kColumns>
HWY_INLINE int64_t interleaveSome(const uint32_t* from, int64_t fromStride, uint32_t* to,
                                  int64_t rows) {
  const hn::ScalableTag<uint32_t> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t r = 0;
  for (; r + lanes <= rows; r += lanes, from += lanes, to += kColumns * lanes) {
    const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + fromStride);
    if constexpr (kColumns == 2) hn::StoreInterleaved2(a, b, d, to);
    if constexpr (kColumns == 3)
      hn::StoreInterleaved3(a, b, hn::LoadU(d, from + 2 * fromStride), d, to);
    if constexpr (kColumns == 4)
      hn::StoreInterleaved4(a, b, hn::LoadU(d, from + 2 * fromStride),
                            hn::LoadU(d, from + 3 * fromStride), d, to);
  }
  return r;
}

/// Two to four.
int64_t interleave(const TransposeTile& t) {
  if (t.columns == 2) return interleaveSome<2>(t.from, t.fromStride, t.to, t.rows);
  if (t.columns == 3) return interleaveSome<3>(t.from, t.fromStride, t.to, t.rows);
  return interleaveSome<4>(t.from, t.fromStride, t.to, t.rows);
}

/// Two to four rows that lie densely in the source: columns are taken apart.
int64_t deinterleave(const TransposeTile& t) {
  const hn::ScalableTag<uint32_t> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t column = 0;
  for (; column + lanes <= t.columns; column += lanes) {
    const uint32_t* from = t.from + column * t.fromStride;
    uint32_t* to = t.to + column;
    auto a = hn::Zero(d), b = a, c = a, e = a;
    if (t.rows == 2)
      hn::LoadInterleaved2(d, from, a, b);
    else if (t.rows == 3)
      hn::LoadInterleaved3(d, from, a, b, c);
    else
      hn::LoadInterleaved4(d, from, a, b, c, e);
    hn::StoreU(a, d, to);
    hn::StoreU(b, d, to + t.toStride);
    if (t.rows > 2) hn::StoreU(c, d, to + 2 * t.toStride);
    if (t.rows > 3) hn::StoreU(e, d, to + 3 * t.toStride);
  }
  return column;
}

// The scalar baseline has no lanes to interleave (and is never dispatched to).
#if HWY_TARGET == HWY_SCALAR
void block4(const uint32_t* from, int64_t fromStride, uint32_t* to, int64_t toStride) {
  plainTile({from, fromStride, to, toStride, 4, 4}, 0, 0);
}
#else
HWY_INLINE void block4(const uint32_t* from, int64_t fromStride, uint32_t* to, int64_t toStride) {
  const hn::FixedTag<uint32_t, 4> d;
  const hn::FixedTag<uint64_t, 2> pairs;
  const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + fromStride);
  const auto c = hn::LoadU(d, from + 2 * fromStride), e = hn::LoadU(d, from + 3 * fromStride);
  const auto abLow = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
  const auto ceLow = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
  const auto abHigh = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
  const auto ceHigh = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, abLow, ceLow)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, abLow, ceLow)), d, to + toStride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, abHigh, ceHigh)), d, to + 2 * toStride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, abHigh, ceHigh)), d, to + 3 * toStride);
}
#endif

void transpose(const TransposeTile& t) {
  if (t.columns >= 2 && t.columns <= 4 && t.toStride == t.columns)
    return plainTile(t, interleave(t), 0);
  if (t.rows >= 2 && t.rows <= 4 && t.fromStride == t.rows) return plainTile(t, 0, deinterleave(t));
  // 16 rows are one cache line of the source: it is read whole while it is there.
  const int64_t rows = t.rows / 4 * 4, columns = t.columns / 4 * 4;
  for (int64_t first = 0; first < rows; first += 16)
    for (int64_t c = 0; c < columns; c += 4)
      for (int64_t r = first; r < std::min(first + 16, rows); r += 4)
        block4(t.from + r + c * t.fromStride, t.fromStride, t.to + r * t.toStride + c, t.toStride);
  plainTile(t, rows, 0);
  TransposeTile right = t;
  right.rows = rows;
  plainTile(right, 0, columns);
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

void transposeTile(const TransposeTile& tile) { MINNOW_DISPATCH(transpose)(tile); }

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
