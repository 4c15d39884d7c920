// Sums to bytes and functions of bytes, one source for every instruction set.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/byte_rows.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/simd/byte_rows.h"
#include "kernels/simd/byte_tile.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fixed_rounding-inl.h"
#include "kernels/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || \
    HWY_TARGET == HWY_EMU128  // where there is no vector the reference runs
void storeSumsOf(const SumsToBytes&) {}
void computePairsOf(const BytePairFunction&, const BytePairs&) {}
void addPixelsOf(const ByteSums&) {}
void scaleSumsOf(const SumsToReals&) {}
void interleaveThreeOf(const uint8_t* const (&)[3], uint8_t*, int64_t) {}
void lookUpOf(const ByteLookUp&) {}
int64_t sumOfBytesOf(const uint8_t*, int64_t, uint8_t) { return 0; }
void convolveDepthwiseOf(const DepthwiseBytes&) {}
void maximaOf(const ByteMaxima&) {}
void mixPixelsOf(const ByteMix&) {}
#else

/// Half to even, of numbers that int32 holds: without what Highway adds for others.
template <class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D> > nearestInt(D, hn::Vec<D> v) {
#if HWY_TARGET == HWY_AVX2
  if constexpr (hn::MaxLanes(D()) == 8)
    return hn::Vec<hn::RebindToSigned<D> >{_mm256_cvtps_epi32(v.raw)};
#elif HWY_ARCH_X86
  if constexpr (hn::MaxLanes(D()) == 16)
    return hn::Vec<hn::RebindToSigned<D> >{_mm512_cvtps_epi32(v.raw)};
#endif
  return hn::NearestInt(v);
}

/// round(sum * factor) of small factors, whose products int32 holds or which saturate: clamped as bytes.
struct PlainRounding {
  template <class D, class F>
  static HWY_INLINE hn::Vec<D> round(D, hn::Vec<D> sum, F factors, F, const Requantiser&) {
    const hn::RebindToFloat<D> d;
    return nearestInt(d, hn::Mul(hn::ConvertTo(d, sum), factors));
  }
};

/// True of a rounding to all numbers of a byte, of which the zero point is the least.
template <class Rounding>
inline constexpr bool kFromZero = false;
template <class Rounding>
struct FromZero : Rounding {};
template <class Rounding>
inline constexpr bool kFromZero<FromZero<Rounding> > = true;

/// Calls fn(Rounding()) of the one that a rule wants. On ARM factors are small: others, of which there are
/// few, are rounded one by one, for less code.
#if HWY_ARCH_ARM
template <class F>
HWY_INLINE void withRounding(const SumsToBytes& work, F&& fn) {
  const Requantiser& to = work.to;
  const bool isFixed = to.rule == ops::QuantisationRule::TfliteFixed;
  if (to.least != to.zero || to.most - to.least != 255)
    return isFixed ? fn(SmallFixedRounding()) : fn(PlainRounding());
  // Behind a ReLU.
  isFixed ? fn(FromZero<PositiveFixedRounding>()) : fn(FromZero<PlainRounding>());
}
#else
/// The same of any factor; of a NaN the least.
struct ClampedRounding {
  template <class D, class F>
  static HWY_INLINE hn::Vec<D> round(D, hn::Vec<D> sum, F factors, F, const Requantiser& to) {
    const hn::RebindToFloat<D> d;
    const auto low = hn::Set(d, to.low), real = hn::Mul(hn::ConvertTo(d, sum), factors);
    const auto number = hn::IfThenElse(hn::Eq(real, real), real, low);
    return nearestInt(d, hn::Min(hn::Max(number, low), hn::Set(d, to.high)));
  }
};

template <class Work, class F>
HWY_INLINE void withRounding(const Work& work, F&& fn) {
  if (work.to.rule == ops::QuantisationRule::TfliteFixed)
    work.isSmall ? fn(SmallFixedRounding()) : fn(FixedRounding());
  else
    work.isSmall ? fn(PlainRounding()) : fn(ClampedRounding());
}
#endif

/// From rounded sums to bytes, int8 or uint8, of which saturation cuts off what is less than the least: bytes
/// less the least lie between 0 and what is the most.
struct ByteRange {
  int16_t zero;
  uint8_t most, least;

  ByteRange(int32_t zero, int32_t least, int32_t most)
      : zero(static_cast<int16_t>(zero - least)),
        most(static_cast<uint8_t>(most - least)),
        least(static_cast<uint8_t>(least)) {}
  explicit ByteRange(const Requantiser& to) : ByteRange(to.zero, to.least, to.most) {}
};

template <class D8>
HWY_INLINE hn::Vec<D8> flipped(D8 d8, hn::Vec<D8> bytes, uint8_t flip) {
  return hn::Xor(bytes, hn::Set(d8, flip));
}

/// Vectors of sums that become bytes together: as many as fill a register with bytes on ARM.
constexpr int kSumVectors = HWY_ARCH_ARM ? 4 : 2;
template <class D>
using SumVectors = hn::Vec<D>[kSumVectors];

/// Two vectors of rounded sums to twice as many bytes, in the order in which ReorderDemote2To takes
/// them: on x86 four of the first, four of the second, and so on.
template <class D>
HWY_INLINE auto toShorts(D, hn::Vec<D> low, hn::Vec<D> high) {
  const hn::Repartition<int16_t, D> d16;
#if HWY_ARCH_ARM_V7  // whose ReorderDemote2To exchanges them
  return hn::Combine(d16, hn::Vec<hn::Half<decltype(d16)> >(vqmovn_s32(high.raw)),
                     hn::Vec<hn::Half<decltype(d16)> >(vqmovn_s32(low.raw)));
#else
  return hn::ReorderDemote2To(d16, low, high);
#endif
}
template <class D8>
HWY_INLINE hn::Vec<D8> clamped(D8 d8, hn::Vec<D8> bytes, const ByteRange& to) {
  return hn::Add(hn::Min(bytes, hn::Set(d8, to.most)), hn::Set(d8, to.least));
}
template <class D>
HWY_INLINE auto toBytes(D d, hn::Vec<D> low, hn::Vec<D> high, const ByteRange& to) {
  const hn::Repartition<int16_t, D> d16;
  const hn::Rebind<uint8_t, decltype(d16)> d8;
  const auto both = hn::SaturatedAdd(toShorts(d, low, high), hn::Set(d16, to.zero));
  return clamped(d8, hn::DemoteTo(d8, both), to);
}
/// `FromZero` where the least is the zero point, and all 256 numbers are meant.
template <bool FromZero = false, class D>
HWY_INLINE auto toBytes(D d, const SumVectors<D>& of, const ByteRange& to) {
#if HWY_ARCH_ARM
  const hn::Repartition<uint8_t, D> d8;
  auto low = toShorts(d, of[0], of[1]), high = toShorts(d, of[2], of[3]);
  if constexpr (!FromZero) {
    const hn::Repartition<int16_t, D> d16;
    low = hn::SaturatedAdd(low, hn::Set(d16, to.zero));
    high = hn::SaturatedAdd(high, hn::Set(d16, to.zero));
  }
#if HWY_ARCH_ARM_A64
  const auto both = vqmovun_high_s16(vqmovun_s16(low.raw), high.raw);
#else
  const auto both = vcombine_u8(vqmovun_s16(low.raw), vqmovun_s16(high.raw));
#endif
  const hn::Vec<decltype(d8)> bytes(both);
  return FromZero ? hn::Add(bytes, hn::Set(d8, to.least)) : clamped(d8, bytes, to);
#else
  return toBytes(d, of[0], of[1], to);
#endif
}

/// Bytes of toBytes() as the sums lay.
template <class D8>
HWY_INLINE hn::Vec<D8> inOrder(D8 d8, hn::Vec<D8> bytes) {
#if HWY_ARCH_ARM
  return (void)d8, bytes;
#else
  const hn::Repartition<uint32_t, D8> d32;
  constexpr int kLanes = hn::MaxLanes(d32);
  if constexpr (kLanes > 2) {
    alignas(32) static constexpr uint32_t kEight[] = {0, 2, 4, 6, 1, 3, 5, 7},
                                          kFour[] = {0, 2, 1, 3};
    const auto order = hn::SetTableIndices(d32, kLanes == 8 ? kEight : kFour);
    return hn::BitCast(d8, hn::TableLookupLanes(hn::BitCast(d32, bytes), order));
  }
  return bytes;
#endif
}

/// Some vectors of columns from c on, of all rows: what they share stays in registers.
template <class Rounding>
void storeColumns(const SumsToBytes& work, int64_t c) {
  const hn::CappedTag<int32_t, BytePanels::kOutputs> di;
  const hn::RebindToFloat<decltype(di)> d;
  constexpr int64_t kLanes = hn::MaxLanes(di), kColumns = kSumVectors * kLanes;
  const hn::CappedTag<uint8_t, kColumns> d8;
  const int64_t n = std::min(kColumns, work.columns - c), rows = work.rows, *places = work.places;
  const Requantiser rule = work.to;  // which no store changes, nor the factors
  const ByteRange to(rule);
  uint8_t* const y = work.y + c;
  float factors[kColumns], more[kColumns];
  std::copy_n(work.factors + c, kColumns, factors);
  std::copy_n(work.more + c, kColumns, more);
  const int32_t* sums = work.sums + c;
  const auto next = [&]() HWY_ATTR {
    SumVectors<decltype(di)> rounded;
    HWY_UNROLL(4)
    for (int v = 0; v < kSumVectors; ++v)
      rounded[v] =
          Rounding::round(di, hn::LoadU(di, sums + v * kLanes), hn::LoadU(d, factors + v * kLanes),
                          hn::LoadU(d, more + v * kLanes), rule);
    sums += kByteColumns;
    return inOrder(d8, toBytes<kFromZero<Rounding> >(di, rounded, to));
  };
  int64_t r = 0;
  if (n == kColumns)                 // without a call, which leaves nothing in registers
    for (; r + 2 <= rows; r += 2) {  // two at a time, whose steps need not wait for one another
      const auto one = next(), two = next();
      hn::StoreU(one, d8, y + places[r]), hn::StoreU(two, d8, y + places[r + 1]);
    }
  for (; r < rows; ++r) {
    uint8_t rest[kColumns];
    hn::StoreU(next(), d8, rest);
    copyBytes(y + places[r], rest, n);
  }
}

void storeSumsOf(const SumsToBytes& work) {
  const hn::CappedTag<int32_t, BytePanels::kOutputs> di;
  withRounding(work, [&]<class Rounding>(Rounding) {
    for (int64_t c = 0; c < work.columns; c += kSumVectors * hn::MaxLanes(di))
      storeColumns<Rounding>(work, c);
  });
}

/// Two roundings, as the rule has it.
template <class D>
HWY_INLINE void scaleVector(D di, const SumsToReals& work, int64_t c) {
  const hn::RebindToFloat<D> d;
  const auto real = hn::ConvertTo(d, hn::LoadU(di, work.sums + c));
  hn::StoreU(hn::Add(hn::Mul(real, hn::LoadU(d, work.factors + c)), hn::LoadU(d, work.bias + c)), d,
             work.y + c);
}

void scaleSumsOf(const SumsToReals& work) {
  const hn::ScalableTag<int32_t> di;
  const auto lanes = static_cast<int64_t>(hn::Lanes(di));
  int64_t c = 0;
  for (; c + lanes <= work.channels; c += lanes) scaleVector(di, work, c);
  for (; c < work.channels; ++c) scaleVector(hn::CappedTag<int32_t, 1>(), work, c);
}

void interleaveThreeOf(const uint8_t* const (&planes)[3], uint8_t* to, int64_t n) {
  const hn::CappedTag<uint8_t, 16> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    hn::StoreInterleaved3(hn::LoadU(d, planes[0] + i), hn::LoadU(d, planes[1] + i),
                          hn::LoadU(d, planes[2] + i), d, to + 3 * i);
  for (; i < n; ++i)
    for (int plane = 0; plane < 3; ++plane) to[3 * i + plane] = planes[plane][i];
}

// Tables ------------------------------------------------------------------------------------------

#if HWY_ARCH_ARM_A64
/// Four instructions that look up 64 bytes each; what is beyond them stays.
HWY_INLINE int64_t lookUpVectors(const uint8_t* table, const uint8_t* x, uint8_t* y, int64_t n) {
  uint8x16x4_t parts[4];
  for (int i = 0; i < 4; ++i) parts[i] = vld1q_u8_x4(table + i * 64);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    uint8x16_t at = vld1q_u8(x + i), found = vqtbl4q_u8(parts[0], at);
    for (int part = 1; part < 4; ++part)
      found = vqtbx4q_u8(found, parts[part], at = vsubq_u8(at, vdupq_n_u8(64)));
    vst1q_u8(y + i, found);
  }
  return i;
}
#elif HWY_ARCH_X86
/// A lookup of 16 bytes gives 0 where the highest bit of an index is set. Tables hold what differs
/// from the one before, so that all that an index has passed add up to the one that it is in: an
/// index falls by 16 from table to table until it is negative, where it stays. One of 128 and more
/// begins negative, and passes the last eight alone, which hold what differs from eight before too.
HWY_INLINE int64_t lookUpVectors(const uint8_t* table, const uint8_t* x, uint8_t* y, int64_t n) {
  const hn::ScalableTag<uint8_t> d;
  const hn::RebindToSigned<decltype(d)> ds;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> parts[16];
  parts[0] = hn::LoadDup128(d, table);
  HWY_UNROLL(16)
  for (int i = 1; i < 16; ++i) {
    parts[i] = hn::Xor(hn::LoadDup128(d, table + i * 16), hn::LoadDup128(d, table + i * 16 - 16));
    if (i >= 8) parts[i] = hn::Xor(parts[i], parts[i - 8]);
  }
  const auto step = hn::Set(ds, 16);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    auto at = hn::BitCast(ds, hn::LoadU(d, x + i));
    auto found = hn::TableLookupBytesOr0(parts[0], hn::BitCast(d, at));
    HWY_UNROLL(16)
    for (int part = 1; part < 16; ++part) {
      at = part <= 8 ? hn::Sub(at, step) : hn::SaturatedSub(at, step);
      found = hn::Xor(found, hn::TableLookupBytesOr0(parts[part], hn::BitCast(d, at)));
    }
    hn::StoreU(found, d, y + i);
  }
  return i;
}
#else
HWY_INLINE int64_t lookUpVectors(const uint8_t*, const uint8_t*, uint8_t*, int64_t) { return 0; }
#endif

void lookUpOf(const ByteLookUp& work) {
  const uint8_t *table = work.table, *x = work.x;
  uint8_t* y = work.y;
  for (int64_t row = 0; row < work.rows; ++row, x += work.xStep, y += work.yStep)
    for (int64_t i = work.count >= 64 ? lookUpVectors(table, x, y, work.count) : 0; i < work.count;
         ++i)
      y[i] = table[x[i]];
}

int64_t sumOfBytesOf(const uint8_t* x, int64_t n, uint8_t flip) {
  const hn::ScalableTag<uint8_t> d;
  const hn::Repartition<uint64_t, decltype(d)> d64;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sums = hn::Zero(d64);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    sums = hn::Add(sums, hn::SumsOf8(flipped(d, hn::LoadU(d, x + i), flip)));
  auto sum = static_cast<int64_t>(hn::GetLane(hn::SumOfLanes(d64, sums)));
  for (; i < n; ++i) sum += x[i] ^ flip;
  return sum;
}

// Pairs -------------------------------------------------------------------------------------------

/// Bytes as numbers, of int8 by way of uint8.
template <class D>
HWY_INLINE hn::Vec<D> widened(D di, const uint8_t* from, bool isSigned) {
  const hn::Rebind<uint8_t, D> d8;
  const uint8_t flip = isSigned ? 0x80 : 0;
  return hn::Sub(hn::PromoteTo(di, flipped(d8, hn::LoadU(d8, from), flip)), hn::Set(di, flip));
}

/// Several vectors of bytes, the highest bit flipped or not, less a number.
template <class D>
HWY_INLINE void widenAll(D di, const uint8_t* from, uint8_t flip, int16_t less, SumVectors<D>& to) {
#if HWY_ARCH_ARM
  (void)di;
  const uint8x16_t bytes = veorq_u8(vld1q_u8(from), vdupq_n_u8(flip));
  const int16x8_t by = vdupq_n_s16(less);
  const auto low = vsubq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes))), by);
  const auto high = vsubq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(bytes))), by);
  to[0] = hn::Vec<D>(vmovl_s16(vget_low_s16(low))),
  to[1] = hn::Vec<D>(vmovl_s16(vget_high_s16(low)));
  to[2] = hn::Vec<D>(vmovl_s16(vget_low_s16(high)));
  to[3] = hn::Vec<D>(vmovl_s16(vget_high_s16(high)));
#else
  const hn::Rebind<uint8_t, D> d8;
  for (int v = 0; v < kSumVectors; ++v) {
    const auto bytes = flipped(d8, hn::LoadU(d8, from + v * hn::Lanes(di)), flip);
    to[v] = hn::Sub(hn::PromoteTo(di, bytes), hn::Set(di, less));
  }
#endif
}

/// Functions of pairs less their zero points, before they are rounded; the sum of bytes as they are.
template <class D>
HWY_INLINE hn::Vec<hn::RebindToFloat<D> > realPair(D, const BytePairFunction& fn, hn::Vec<D> a,
                                                   hn::Vec<D> b) {
  const hn::RebindToFloat<D> d;
  if (fn.isReal) {
    const auto p = hn::Mul(hn::ConvertTo(d, a), hn::Set(d, fn.real.aScale));
    const auto q = hn::Mul(hn::ConvertTo(d, b), hn::Set(d, fn.real.bScale));
    const auto leaky = hn::IfThenElse(hn::Lt(p, hn::Zero(d)), hn::Mul(p, q), p);
    return exactDivide(d, fn.real.isSub ? hn::Sub(p, q) : leaky, hn::Set(d, fn.real.yScale));
  }
  const auto product = hn::ConvertTo(d, hn::Mul(a, b));
  return hn::Add(hn::Mul(product, hn::Set(d, fn.mul.r)), hn::Set(d, fn.yZero));
}
template <class D>
HWY_INLINE hn::Vec<hn::RebindToFloat<D> > sumOfPair(D, const BytePairFunction& fn, hn::Vec<D> a,
                                                    hn::Vec<D> b) {
  const hn::RebindToFloat<D> d;
  const auto ofB = hn::MulAdd(hn::ConvertTo(d, b), hn::Set(d, fn.add.rb), hn::Set(d, fn.add.k));
  return hn::MulAdd(hn::ConvertTo(d, a), hn::Set(d, fn.add.ra), ofB);
}

/// FixedPair of vectors less their zero points.
template <class D>
HWY_INLINE hn::Vec<D> fixedPair(D di, const FixedPair& fn, hn::Vec<D> a, hn::Vec<D> b) {
  if (fn.fn == ops::QuantizedFn::Mul) return fixedTimes(di, hn::Mul(a, b), fn.toY);
  return hn::IfThenElse(hn::Lt(a, hn::Zero(di)), fixedTimes(di, hn::Mul(a, b), fn.toY),
                        fixedTimes(di, a, fn.ofA));
}
template <class D>
HWY_INLINE hn::Vec<D> fixedSum(D di, const FixedPair& fn, hn::Vec<D> a, hn::Vec<D> b) {
  const auto left = fixedTimes(di, hn::ShiftLeft<FixedPair::kShift>(a), fn.ofA);
  const auto right = fixedTimes(di, hn::ShiftLeft<FixedPair::kShift>(b), fn.ofB);
  return fixedTimes(
      di, fn.fn == ops::QuantizedFn::Sub ? hn::Sub(left, right) : hn::Add(left, right), fn.toY);
}

/// Some vectors at a time, which `rounded` computes. A repeated element fills them once; what does not fill
/// them goes through memory of its own.
template <class D, class F>
HWY_INLINE void pairsOfRow(D di, const BytePairFunction& fn, const BytePairs& row, bool hasZeros,
                           const ByteRange& to, F&& rounded) {
  constexpr int64_t n = kSumVectors * hn::MaxLanes(di);
  const hn::CappedTag<uint8_t, n> d8;
  const uint8_t aFlip = fn.aSigned ? 0x80 : 0, bFlip = fn.bSigned ? 0x80 : 0;
  const auto aLess = static_cast<int16_t>(aFlip + (hasZeros ? 0 : fn.aZero));
  const auto bLess = static_cast<int16_t>(bFlip + (hasZeros ? 0 : fn.bZero));
  uint8_t aOnly[n] = {}, bOnly[n] = {}, rest[n];
  if (row.aStep == 0) std::fill_n(aOnly, n, *row.a);
  if (row.bStep == 0) std::fill_n(bOnly, n, *row.b);
  for (int64_t i = 0; i < row.count; i += n) {
    const int64_t left = row.count - i;
    if (left < n && row.aStep) std::copy_n(row.a + i, left, aOnly);
    if (left < n && row.bStep) std::copy_n(row.b + i, left, bOnly);
    SumVectors<D> a, b, sums;
    widenAll(di, left < n || row.aStep == 0 ? aOnly : row.a + i, aFlip, aLess, a);
    widenAll(di, left < n || row.bStep == 0 ? bOnly : row.b + i, bFlip, bLess, b);
    for (int v = 0; v < kSumVectors; ++v) sums[v] = rounded(a[v], b[v]);
    hn::StoreU(inOrder(d8, toBytes(di, sums, to)), d8, left < n ? rest : row.y + i);
    if (left < n) std::copy_n(rest, left, row.y + i);
  }
}

template <class D, class F>
HWY_INLINE void pairsOfRows(D di, const BytePairFunction& fn, BytePairs row, bool hasZeros,
                            bool givesZero, F&& rounded) {
  const ByteRange to(givesZero ? 0 : fn.to.zero, fn.to.least, fn.to.most);
  for (; row.rows > 0; --row.rows, row.a += row.aRow, row.b += row.bRow, row.y += row.yRow)
    pairsOfRow(di, fn, row, hasZeros, to, rounded);
}

template <class D>
void pairsOf(D di, const BytePairFunction& given, const BytePairs& rows) {
  using V = hn::Vec<D>;
  const hn::RebindToFloat<D> d;
  const BytePairFunction fn = given;  // which no store changes
  const bool isSum = !fn.isReal && !fn.isMul;
  const auto by = [&](bool hasZeros, bool givesZero, auto&& rounded)
                      HWY_ATTR { pairsOfRows(di, fn, rows, hasZeros, givesZero, rounded); };
  if (fn.to.rule != ops::QuantisationRule::OnnxRuntime) {
    const bool adds = fn.fixed.fn == ops::QuantizedFn::Add || fn.fixed.fn == ops::QuantizedFn::Sub;
    if (adds)
      return by(false, false, [&](V a, V b) HWY_ATTR { return fixedSum(di, fn.fixed, a, b); });
    return by(false, false, [&](V a, V b) HWY_ATTR { return fixedPair(di, fn.fixed, a, b); });
  }
  if (isSum)
    return by(true, true,
              [&](V a, V b) HWY_ATTR { return nearestInt(d, sumOfPair(di, fn, a, b)); });
  by(false, !fn.isReal, [&](V a, V b) HWY_ATTR { return nearestInt(d, realPair(di, fn, a, b)); });
}

/// Short rows, such as pixels of 16 channels, fill vectors of 256 bits.
void computePairsOf(const BytePairFunction& fn, const BytePairs& rows) {
  const hn::ScalableTag<int32_t> di;
  if constexpr (hn::MaxLanes(di) > 8)
    if (rows.count <= 16) return pairsOf(hn::CappedTag<int32_t, 8>(), fn, rows);
  pairsOf(di, fn, rows);
}

// Resized images ----------------------------------------------------------------------------------

/// Four neighbours: of the left column, of the right one, the upper row first.
using Corners = const uint8_t* const (&)[4];

/// Their sum, each times its row's and its column's weight; of uint8 in float32.
template <class D>
HWY_INLINE hn::Vec<D> weighted(D d, const ByteMix& work, const TwoTaps& across, Corners from) {
  const hn::RebindToSigned<D> di;
  auto sum = hn::Zero(d);
  HWY_UNROLL(4)
  for (int i = 0; i < 4; ++i) {
    const auto bytes = widened(di, from[i], work.isSigned);
    hn::Vec<D> value;
    if constexpr (hwy::IsFloat<hn::TFromD<D> >())
      value = hn::ConvertTo(d, bytes);
    else
      value = bytes;
    const auto number = [&](float w)
                            HWY_ATTR { return hn::Set(d, static_cast<hn::TFromD<D> >(w)); };
    value = hn::Mul(hn::Mul(value, number(work.weights[i % 2])), number(across.weights[i / 2]));
    sum = i == 0 ? value : hn::Add(sum, value);
  }
  return sum;
}

template <class D>
HWY_NOINLINE void mixVector(D di, const ByteMix& work, const TwoTaps& across, Corners from,
                            uint8_t* y) {
  const hn::RebindToFloat<D> d;
  const hn::Rebind<uint8_t, D> d8;
  const uint8_t flip = work.isSigned ? 0x80 : 0;
  hn::Vec<D> value;
  if (work.isSigned) {  // half away from zero
    const auto sum = weighted(di, work, across, from);
    value =
        hn::ShiftRight<20>(hn::Add(hn::Add(sum, hn::Set(di, 1 << 19)), hn::ShiftRight<31>(sum)));
  } else {
    value = hn::ConvertTo(di, hn::Add(weighted(d, work, across, from), hn::Set(d, 0.5F)));
  }
  hn::StoreU(flipped(d8, hn::DemoteTo(d8, hn::Add(value, hn::Set(di, flip))), flip), d8, y);
}

/// The last channels are computed together with those before them, or, if there are few, elsewhere.
void mixPixelsOf(const ByteMix& work) {
  const hn::ScalableTag<int32_t> di;
  constexpr int64_t kMost = hn::MaxLanes(di);
  const auto lanes = static_cast<int64_t>(hn::Lanes(di));
  uint8_t few[5][kMost] = {};
  for (int64_t p = 0; p < work.pixels; ++p) {
    const TwoTaps across(*work.columns, p);
    uint8_t* y = work.y + p * work.yStep;
    const auto corner = [&](int i) { return work.rows[i % 2] + across.offsets[i / 2]; };
    if (work.channels < lanes) {
      for (int i = 0; i < 4; ++i) std::copy_n(corner(i), work.channels, few[i]);
      mixVector(di, work, across, {few[0], few[1], few[2], few[3]}, few[4]);
      std::copy_n(few[4], work.channels, y);
      continue;
    }
    for (int64_t i = 0; i < work.channels; i += lanes) {
      const int64_t c = std::min(i, work.channels - lanes);
      mixVector(di, work, across, {corner(0) + c, corner(1) + c, corner(2) + c, corner(3) + c},
                y + c);
    }
  }
}

// Sums of pixels ----------------------------------------------------------------------------------

void addPixelsOf(const ByteSums& work) {
  const hn::ScalableTag<int32_t> di;
  const auto lanes = static_cast<int64_t>(hn::Lanes(di));
  int64_t c = 0;
  for (; c + lanes <= work.channels; c += lanes) {
    auto sum = hn::LoadU(di, work.sums + c);
    for (int64_t p = 0; p < work.pixels; ++p)
      sum = hn::Add(sum, widened(di, work.x + p * work.pixelStep + c, work.isSigned));
    hn::StoreU(sum, di, work.sums + c);
  }
  const int flip = work.isSigned ? 0x80 : 0;
  for (; c < work.channels; ++c) {
    auto sum = static_cast<uint32_t>(work.sums[c]);
    for (int64_t p = 0; p < work.pixels; ++p)
      sum += static_cast<uint32_t>((work.x[p * work.pixelStep + c] ^ flip) - flip);
    work.sums[c] = static_cast<int32_t>(sum);
  }
}

// Depthwise ---------------------------------------------------------------------------------------

#if HWY_ARCH_ARM
void convolveDepthwiseOf(const DepthwiseBytes&) {}  // by slices
#else
/// Channels that one step computes, as two vectors of sums. An instruction adds the products
/// of two taps, whose bytes lie side by side then: vectors hold channels 0 to 3 and 8 to 11, and 4 to
/// 7 and 12 to 15.
template <class X, class D16>
class DepthwiseStep {
  using Sums = hn::RepartitionToWide<D16>;
  using Terms = hn::Vec<D16>;
  static constexpr int kLanes = hn::MaxLanes(D16());
  static constexpr int kTogether = 2, kPixels = 2;
  template <int kCount>
  using Many = hn::Vec<Sums>[kCount];

 public:
  DepthwiseStep(const DepthwiseBytes& work, int64_t channel) : work_(work), channel_(channel) {
    for (int lane = 0; lane < kLanes; ++lane) {
      start_[place(lane)] = work.start[channel + lane];
      factors_[place(lane)] = work.factors[channel + lane];
      more_[place(lane)] = work.more[channel + lane];
    }
    for (int64_t t = 0; t < work.taps; t += kTogether) prepare(t);
  }

  /// Several pixels at a time, which share what is loaded of taps, weights and factors.
  template <class Rounding>
  void run(const ByteRun& pixels, const uint8_t* const* taps) const {
    int64_t pixel = 0;
    for (; pixel + kPixels <= pixels.count; pixel += kPixels)
      runPixels<kPixels>(Rounding(), pixel, pixels.y, taps);
    for (; pixel < pixels.count; ++pixel) runPixels<1>(Rounding(), pixel, pixels.y, taps);
  }

 private:
  template <int kCount, class Rounding>
  HWY_INLINE void runPixels(Rounding any, int64_t pixel, uint8_t* to,
                            const uint8_t* const* taps) const {
    const int64_t at = pixel * work_.xStep + channel_;
    Many<kCount> low, high;
    HWY_UNROLL(2)
    for (int p = 0; p < kCount; ++p)
      low[p] = hn::Load(Sums(), start_), high[p] = hn::Load(Sums(), start_ + kLanes / 2);
    int64_t t = 0;
    for (; t + kTogether <= work_.taps; t += kTogether)
      addTaps<kCount, kTogether>(taps + t, at, t, low, high);
    if (t < work_.taps) addTaps<kCount, 1>(taps + t, at, t, low, high);
    uint8_t* y = to + pixel * work_.yStep;
    work_.isReal ? storeReals(low, high, y) : storeBytes(any, low, high, y);
  }
  template <int kCount, int kTaps>
  HWY_INLINE void addTaps(const uint8_t* const* taps, int64_t at, int64_t tap, Many<kCount>& low,
                          Many<kCount>& high) const {
    const uint8_t *first = taps[0] + at, *second = kTaps == 2 ? taps[1] + at : nullptr;
    HWY_UNROLL(2)
    for (int p = 0; p < kCount; ++p) {
      const int64_t step = p * work_.xStep;
      const Terms b = kTaps == 2 ? loaded(second + step) : hn::Zero(D16());
      add(loaded(first + step), b, tap, low[p], high[p]);
    }
  }
  template <int kCount>
  HWY_INLINE void storeReals(const Many<kCount>& low, const Many<kCount>& high, uint8_t* y) const {
    for (int p = 0; p < kCount; ++p)
      storeInOrder(low[p], high[p], reinterpret_cast<int32_t*>(y + p * work_.yStep) + channel_);
  }
  template <class Rounding, int kCount>
  HWY_INLINE void storeBytes(Rounding, const Many<kCount>& low, const Many<kCount>& high,
                             uint8_t* y) const {
    const Sums di;
    const hn::Rebind<uint8_t, D16> d8;
    const ByteRange to(work_.to);
    hn::Vec<decltype(d8)> bytes[kCount];
    HWY_UNROLL(2)
    for (int p = 0; p < kCount; ++p)
      bytes[p] =
          toBytes(di, rounded<Rounding>(low[p], 0), rounded<Rounding>(high[p], kLanes / 2), to);
    HWY_UNROLL(2)
    for (int p = 0; p < kCount; ++p) hn::StoreU(bytes[p], d8, y + p * work_.yStep + channel_);
  }
  template <class Rounding>
  HWY_INLINE hn::Vec<Sums> rounded(hn::Vec<Sums> sums, int from) const {
    const hn::RebindToFloat<Sums> d;
    return Rounding::round(Sums(), sums, hn::Load(d, factors_ + from), hn::Load(d, more_ + from),
                           work_.to);
  }
  /// Sums by fours, of one vector and the other by turns on x86.
  HWY_INLINE void storeInOrder(hn::Vec<Sums> low, hn::Vec<Sums> high, int32_t* y) const {
    const Sums di;
    HWY_ALIGN int32_t sums[kLanes];
    hn::Store(low, di, sums);
    hn::Store(high, di, sums + kLanes / 2);
    for (int lane = 0; lane < kLanes; lane += 4)
      hwy::CopyBytes<4 * sizeof(int32_t)>(sums + place(lane), y + lane);
  }
  /// Where a channel's sum lies.
  static constexpr int place(int lane) {
    const int block = lane / 8, half = lane % 8 / 4;
    return half * (kLanes / 2) + block * 4 + lane % 4;
  }
  HWY_INLINE Terms loaded(const uint8_t* tap) const {
    return hn::PromoteTo(D16(), hn::LoadU(hn::Rebind<X, D16>(), reinterpret_cast<const X*>(tap)));
  }
  Terms weightsOf(int64_t tap) const {
    if (tap >= work_.taps) return hn::Zero(D16());
    const hn::Rebind<int8_t, D16> d8;
    const auto bytes = hn::LoadU(d8, work_.weights + tap * work_.weightStep + channel_);
    return hn::Sub(hn::PromoteTo(D16(), bytes), hn::Set(D16(), work_.wZero));
  }
  void prepare(int64_t tap) {
    const Terms a = weightsOf(tap), b = weightsOf(tap + 1);
    hn::Store(hn::InterleaveLower(D16(), a, b), D16(), weights_ + tap * kLanes);
    hn::Store(hn::InterleaveUpper(D16(), a, b), D16(), weights_ + (tap + 1) * kLanes);
  }
  HWY_INLINE void add(Terms a, Terms b, int64_t tap, hn::Vec<Sums>& low,
                      hn::Vec<Sums>& high) const {
    auto unused = hn::Zero(Sums());
    low = hn::ReorderWidenMulAccumulate(Sums(), hn::InterleaveLower(D16(), a, b),
                                        hn::Load(D16(), weights_ + tap * kLanes), low, unused);
    high =
        hn::ReorderWidenMulAccumulate(Sums(), hn::InterleaveUpper(D16(), a, b),
                                      hn::Load(D16(), weights_ + (tap + 1) * kLanes), high, unused);
  }

  const DepthwiseBytes& work_;
  int64_t channel_;
  HWY_ALIGN int32_t start_[kLanes];
  HWY_ALIGN float factors_[kLanes], more_[kLanes];
  HWY_ALIGN int16_t weights_[(kMostByteTaps + 1) * kLanes];
};

template <class X, class D16, class Rounding>
void convolveStepAs(const DepthwiseBytes& work, int64_t channel) {
  const DepthwiseStep<X, D16> step(work, channel);
  for (int64_t i = 0; i < work.count; ++i)
    step.template run<Rounding>(work.runs[i], work.places + i * work.taps);
}

template <class D16, class Rounding>
void convolveStep(const DepthwiseBytes& work, int64_t channel) {
  work.xSigned ? convolveStepAs<int8_t, D16, Rounding>(work, channel)
               : convolveStepAs<uint8_t, D16, Rounding>(work, channel);
}

/// The last step overlaps the one before: channels computed twice come out alike.
template <class D16, class Rounding>
bool convolveBy(const DepthwiseBytes& work) {
  constexpr int64_t kLanes = hn::MaxLanes(D16());
  if (work.channels < kLanes) return false;
  for (int64_t c = 0; c < work.channels; c += kLanes)
    convolveStep<D16, Rounding>(work, std::min(c, work.channels - kLanes));
  return true;
}

bool convolveByVectors(const DepthwiseBytes& work) {
  bool isDone = false;
  withRounding(work, [&]<class Rounding>(Rounding) {
    isDone = convolveBy<hn::ScalableTag<int16_t>, Rounding>(work) ||
             convolveBy<hn::CappedTag<int16_t, 16>, Rounding>(work) ||
             convolveBy<hn::CappedTag<int16_t, 8>, Rounding>(work);
  });
  return isDone;
}

/// Channels that no vector holds, and what no vector rounds.
void convolveOneByOne(const DepthwiseBytes& work) {
  const int flip = work.xSigned ? 0x80 : 0;
  for (int64_t i = 0; i < work.count; ++i)
    for (int64_t pixel = 0; pixel < work.runs[i].count; ++pixel)
      for (int64_t c = 0; c < work.channels; ++c) {
        auto wrapping = static_cast<uint32_t>(work.start[c]);
        for (int64_t t = 0; t < work.taps; ++t)
          wrapping += static_cast<uint32_t>(
              ((work.places[i * work.taps + t][pixel * work.xStep + c] ^ flip) - flip) *
              (work.weights[t * work.weightStep + c] - work.wZero));
        const auto sum = static_cast<int32_t>(wrapping);
        uint8_t* y = work.runs[i].y + pixel * work.yStep;
        if (work.isReal)
          reinterpret_cast<int32_t*>(y)[c] = sum;
        else
          y[c] = byteOfSum(work.to, sum, work.factors[c], work.more[c]);
      }
}

void convolveDepthwiseOf(const DepthwiseBytes& work) {
  if (!convolveByVectors(work)) convolveOneByOne(work);
}
#endif

// Greatest bytes ----------------------------------------------------------------------------------

template <class T, class D>
void maximaBy(D d, const ByteMaxima& work, int64_t channel) {
  auto best = hn::Set(d, hwy::LowestValue<T>());
  for (int64_t t = 0; t < work.count; ++t)
    best = hn::Max(best, hn::LoadU(d, reinterpret_cast<const T*>(work.taps[t]) + channel));
  hn::StoreU(best, d, reinterpret_cast<T*>(work.y) + channel);
}

/// Whole vectors, the last one beside the end; false if there are fewer channels.
template <class T, class D>
HWY_INLINE bool maximaInVectors(D d, const ByteMaxima& work) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  if (work.channels < lanes) return false;
  for (int64_t c = 0; c < work.channels; c += lanes)
    maximaBy<T>(d, work, std::min(c, work.channels - lanes));
  return true;
}

template <class T>
void maximaAs(const ByteMaxima& work) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 16> narrow;
  if (maximaInVectors<T>(d, work)) return;
  if (hn::MaxLanes(d) > 16 && maximaInVectors<T>(narrow, work)) return;
  for (int64_t c = 0; c < work.channels; ++c) maximaBy<T>(hn::CappedTag<T, 1>(), work, c);
}

void maximaOf(const ByteMaxima& work) {
  work.isSigned ? maximaAs<int8_t>(work) : maximaAs<uint8_t>(work);
}
#endif

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

uint8_t byteOfSum(const Requantiser& to, int32_t sum, float factor, float more) {
  if (to.rule == ops::QuantisationRule::TfliteReal)
    return static_cast<uint8_t>(tfliteByte(to, sum, realFactor(factor, more)));
  if (to.rule == ops::QuantisationRule::TfliteFixed)
    return static_cast<uint8_t>(fixedToByte(
        to, FixedFactor(std::bit_cast<int32_t>(factor), std::bit_cast<int32_t>(more)).times(sum)));
  const float real = static_cast<float>(sum) * factor;
  const float inside = real > to.low ? std::min(real, to.high) : to.low;  // of a NaN the least
  return static_cast<uint8_t>(static_cast<int32_t>(std::nearbyint(inside)) + to.zero);
}
void storeSums(const SumsToBytes& work) {
  if (work.to.rule != ops::QuantisationRule::TfliteReal && (work.isSmall || !HWY_ARCH_ARM))
    return MINNOW_DISPATCH(storeSumsOf)(work);
  for (int64_t r = 0; r < work.rows; ++r)
    for (int64_t c = 0; c < work.columns; ++c)
      work.y[work.places[r] + c] =
          byteOfSum(work.to, work.sums[r * kByteColumns + c], work.factors[c], work.more[c]);
}
void interleaveThree(const uint8_t* const (&planes)[3], uint8_t* to, int64_t n) {
  MINNOW_DISPATCH(interleaveThreeOf)(planes, to, n);
}
void scaleSums(const SumsToReals& work) { MINNOW_DISPATCH(scaleSumsOf)(work); }
void lookUp(const ByteLookUp& work) {
#if defined(__x86_64__)
  static const bool hasVbmi = byteInstructions().vbmi;
  if (hasVbmi && kernelTarget() == Target::Avx3) return lookUpVbmi(work);
#endif
  MINNOW_DISPATCH(lookUpOf)(work);
}
int64_t sumOfBytes(const uint8_t* x, int64_t n, uint8_t flip) {
  return MINNOW_DISPATCH(sumOfBytesOf)(x, n, flip);
}
void computePairs(const BytePairFunction& fn, const BytePairs& row) {
  MINNOW_DISPATCH(computePairsOf)(fn, row);
}
void addPixels(const ByteSums& work) { MINNOW_DISPATCH(addPixelsOf)(work); }
void convolveDepthwise(const DepthwiseBytes& work) { MINNOW_DISPATCH(convolveDepthwiseOf)(work); }
void maxima(const ByteMaxima& work) { MINNOW_DISPATCH(maximaOf)(work); }
void mixPixels(const ByteMix& work) { MINNOW_DISPATCH(mixPixelsOf)(work); }

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
