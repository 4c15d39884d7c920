// Winograd's transforms, one source for every instruction set.
#include "kernels/simd/winograd_transform.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "kernels/simd/dispatch.h"

// Patches are arrays of vectors, as tiles are (panel_tile.cc).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/winograd_transform.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "kernels/simd/clamp-inl.h"
#include "kernels/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

// Never chosen: dispatch.h.
const WinogradTransforms* MakeWinograd() { return nullptr; }

#else

using simd::HWY_NAMESPACE::greater;
using simd::HWY_NAMESPACE::lesser;

#if HWY_ARCH_ARM_A64

/// Two neighbouring vectors as one, and their tag, in Highway's vocabulary: AArch64 loads and stores
/// them by one instruction.
template <class V>
struct Two {
  V low, high;
  HWY_INLINE Two() {}
  HWY_INLINE Two(V first, V second) : low(first), high(second) {}
};
template <class D>
struct Twice {};

template <class D>
HWY_INLINE Two<hn::Vec<D> > Set(Twice<D>, float x) {
  return {hn::Set(D(), x), hn::Set(D(), x)};
}
template <class V>
HWY_INLINE Two<V> Add(Two<V> a, Two<V> b) {
  return {hn::Add(a.low, b.low), hn::Add(a.high, b.high)};
}
template <class V>
HWY_INLINE Two<V> Sub(Two<V> a, Two<V> b) {
  return {hn::Sub(a.low, b.low), hn::Sub(a.high, b.high)};
}
template <class V>
HWY_INLINE Two<V> Mul(Two<V> a, Two<V> b) {
  return {hn::Mul(a.low, b.low), hn::Mul(a.high, b.high)};
}
template <class V>
HWY_INLINE Two<V> MulAdd(Two<V> a, Two<V> b, Two<V> sum) {
  return {hn::MulAdd(a.low, b.low, sum.low), hn::MulAdd(a.high, b.high, sum.high)};
}
template <class V>
HWY_INLINE Two<V> NegMulAdd(Two<V> a, Two<V> b, Two<V> sum) {
  return {hn::NegMulAdd(a.low, b.low, sum.low), hn::NegMulAdd(a.high, b.high, sum.high)};
}
template <class V>
HWY_INLINE Two<V> greater(Two<V> bound, Two<V> x) {
  return {greater(bound.low, x.low), greater(bound.high, x.high)};
}
template <class V>
HWY_INLINE Two<V> lesser(Two<V> bound, Two<V> x) {
  return {lesser(bound.low, x.low), lesser(bound.high, x.high)};
}
template <class D>
HWY_INLINE Two<hn::Vec<D> > take(Twice<D>, const float*& from) {
  Two<hn::Vec<D> > x;
  asm("ldp %q0, %q1, [%2], #32"
      : "=w"(x.low.raw), "=w"(x.high.raw), "+r"(from)
      : "m"(*reinterpret_cast<const float(*)[8]>(from)));
  return x;
}
template <class D>
HWY_INLINE void put(Two<hn::Vec<D> > x, Twice<D>, float*& to) {
  asm volatile("stp %q1, %q2, [%0], #32" : "+r"(to) : "w"(x.low.raw), "w"(x.high.raw) : "memory");
}
template <class D>
constexpr int64_t lanes(Twice<D>) {
  return 2 * hn::MaxLanes(D());
}

#endif

/// The next vector, and the pointer goes on.
template <class D>
HWY_INLINE hn::Vec<D> take(D d, const float*& from) {
  const auto x = hn::LoadU(d, from);
  from += hn::Lanes(d);
  return x;
}
template <class D>
HWY_INLINE void put(hn::Vec<D> x, D d, float*& to) {
  hn::StoreU(x, d, to);
  to += hn::Lanes(d);
}
template <class D>
constexpr int64_t lanes(D d) {
  return hn::MaxLanes(d);
}

#define MINNOW_INLINE HWY_INLINE
#include "kernels/winograd.inc"
#undef MINNOW_INLINE

constexpr int kTile = WinogradAxis::kTile, kPatch = WinogradTransforms::kPatch;
constexpr int kPoints = WinogradTransforms::kPoints, kHalf = WinogradTransforms::kHalf;
constexpr int kOutputs = WinogradBlock::kOutputs;
using Four = hn::CappedTag<float, 4>;
using Wide = hn::CappedTag<float, kOutputs>;
#if HWY_ARCH_ARM_A64
using Widest = Twice<Wide>;
#else
using Widest = Wide;
#endif
template <class D>
using VecOf = decltype(Set(D(), 0.0f));

/// Calls next(d) for `count` floats, vector after vector, as wide as they come, then of four. Returns
/// how many are left, fewer than four.
template <class Next>
HWY_INLINE int64_t forEachVector(int64_t count, Next& next) {
  constexpr int64_t kWidest = lanes(Widest());
  for (; count >= kWidest; count -= kWidest) next(Widest());
  if (kWidest > 4)
    for (; count >= 4; count -= 4) next(Four());
  return count;
}

template <int kCount>
using UpTo = std::make_integer_sequence<int, kCount>;

/// Pointers at a constant distance, each of which goes on. Indices are constants, and the pointers
/// registers.
template <class T, int kCount>
struct Pointers {
  T* at[kCount];

  HWY_INLINE Pointers(T* first, int64_t step) { begin(first, step, UpTo<kCount>()); }
  template <class D, class V>
  HWY_INLINE void takeAll(D d, V (&x)[kCount]) {
    takeEach(d, x, UpTo<kCount>());
  }
  template <class D, class V>
  HWY_INLINE void putAll(D d, const V (&x)[kCount]) {
    putEach(d, x, UpTo<kCount>());
  }

 private:
  template <int... i>
  HWY_INLINE void begin(T* first, int64_t step, std::integer_sequence<int, i...>) {
    ((at[i] = first, first += step), ...);
  }
  template <class D, class V, int... i>
  HWY_INLINE void takeEach(D d, V (&x)[kCount], std::integer_sequence<int, i...>) {
    ((x[i] = take(d, at[i])), ...);
  }
  template <class D, class V, int... i>
  HWY_INLINE void putEach(D d, const V (&x)[kCount], std::integer_sequence<int, i...>) {
    (put(x[i], d, at[i]), ...);
  }
};

/// The `count` first floats, fewer than four, and zeros.
HWY_INLINE hn::Vec<Four> loadSome(const float* from, int64_t count) {
  float some[4] = {};
  std::memcpy(some, from, static_cast<size_t>(count) * sizeof(float));
  return hn::LoadU(Four(), some);
}

/// Six rows of channels, or a few of them, at the points of one axis.
struct InputsAlong {
  Pointers<const float, kPatch> in;
  Pointers<float, kPatch> out;

  template <class D>
  HWY_INLINE void operator()(D d) {
    VecOf<D> x[kPatch], points[kPatch];
    in.takeAll(d, x);
    winogradInputs(d, x, points);
    out.putAll(d, points);
  }
  HWY_INLINE void last(int64_t count) {
    const Four d;
    hn::Vec<Four> x[kPatch], points[kPatch];
    HWY_UNROLL(6)
    for (int i = 0; i < kPatch; ++i) x[i] = loadSome(in.at[i], count);
    winogradInputs(d, x, points);
    out.putAll(d, points);
  }
};
void inputsAlong(const float* const (&rows)[kPatch], int64_t channels, float* to, int64_t step) {
  InputsAlong next{{rows[0], 0}, {to, step}};
  HWY_UNROLL(6)
  for (int i = 0; i < kPatch; ++i) next.in.at[i] = rows[i];
  if (const int64_t left = forEachVector(channels, next)) next.last(left);
}

// Six by six vectors are more than registers hold: they go through memory between the axes.
void inputs(const float* const (&pixels)[kPoints], int64_t channels, float* between, float* to,
            int64_t step) {
  const int64_t row = (channels + 3) / 4 * 4;
  const float* from[kPatch];
  for (int j = 0; j < kPatch; ++j) {
    for (int i = 0; i < kPatch; ++i) from[i] = pixels[i * kPatch + j];
    inputsAlong(from, channels, between + j * row, kPatch * row);
  }
  for (int i = 0; i < kPatch; ++i) {
    for (int j = 0; j < kPatch; ++j) from[j] = between + (i * kPatch + j) * row;
    inputsAlong(from, row, to + i * kPatch * step, step);
  }
}

/// min(max(x, low), high), as clampSums().
template <class D, class V>
HWY_INLINE void clampAll(D d, float low, float high, V (&x)[kTile]) {
  const V least = Set(d, low), most = Set(d, high), zero = Set(d, 0.0f);
  HWY_UNROLL(4)
  for (V& result : x) result = greater(least, result);
  if (high < std::numeric_limits<float>::infinity()) {
    HWY_UNROLL(4)
    for (V& result : x) result = lesser(most, result);
  }
  if (HWY_ARCH_ARM ? low < 0 : low <= 0) {
    HWY_UNROLL(4)
    for (V& result : x) result = Add(result, zero);
  }
}

/// A row of taps at the points of its axis.
template <class D, class V>
HWY_INLINE void putTaps(D d, const V (&taps)[3], Pointers<float, kPatch>& to) {
  V points[kPatch];
  winogradTaps(d, taps, points);
  to.putAll(d, points);
}

/// Points at 0 or infinity along y, where a row of taps counts alone.
struct OneRowOfTaps {
  Pointers<const float, 3> in;
  Pointers<float, kPatch> out;

  template <class D>
  HWY_INLINE void operator()(D d) {
    VecOf<D> g[3];
    in.takeAll(d, g);
    putTaps(d, g, out);
  }
};
void oneRowOfTaps(const float* row, int64_t tap, float* to, int64_t step) {
  OneRowOfTaps next{{row, tap}, {to, step}};
  forEachVector(tap, next);
}

/// A point along y and its mirror image. Taps come column after column.
template <int kRow>
struct TwoRowsOfTaps {
  Pointers<const float, 3> left, middle, right;
  Pointers<float, kPatch> out, mirrored;

  template <class D>
  HWY_INLINE void operator()(D d) {
    VecOf<D> u[3], m[3];
    column(d, left, u[0], m[0]);
    column(d, middle, u[1], m[1]);
    column(d, right, u[2], m[2]);
    putTaps(d, u, out);
    putTaps(d, m, mirrored);
  }
  template <class D, class V>
  static HWY_INLINE void column(D d, Pointers<const float, 3>& in, V& u, V& m) {
    V g[3];
    in.takeAll(d, g);
    winogradTapPair(d, kRow, g, u, m);
  }
};
template <int kRow>
HWY_INLINE void twoRowsOfTaps(const float* panel, int64_t tap, float* to, int64_t step) {
  const int64_t row = 3 * tap;
  TwoRowsOfTaps<kRow> next{{panel, row},
                           {panel + tap, row},
                           {panel + 2 * tap, row},
                           {to, step},
                           {to + kPatch * step, step}};
  forEachVector(tap, next);
}

// Half the points along y: 0 and a pair, or a pair and infinity.
void taps(int half, const float* panel, int64_t channels, int64_t width, float* to, int64_t step) {
  const int64_t tap = channels * width;
  if (half == 0) {
    oneRowOfTaps(panel, tap, to, step);
    twoRowsOfTaps<1>(panel, tap, to + kPatch * step, step);
  } else {
    twoRowsOfTaps<3>(panel, tap, to, step);
    oneRowOfTaps(panel + 6 * tap, tap, to + 2 * kPatch * step, step);
  }
}

/// Sums at the points of one axis as four results.
struct ResultsAlong {
  Pointers<const float, kPatch> in;
  Pointers<float, kTile> out;

  template <class D>
  HWY_INLINE void operator()(D d) {
    VecOf<D> x[kPatch], ends[kTile];
    in.takeAll(d, x);
    winogradResults(d, x, ends);
    out.putAll(d, ends);
  }
};

/// A row of results from their sums along x: four pixels, each at a constant distance.
struct RowOfResults {
  Pointers<const float, kPatch> in;
  Pointers<float, kTile> out;
  const float* bias;
  float low, high;
  bool clamp;

  template <class D>
  HWY_INLINE void operator()(D d) {
    VecOf<D> x[kPatch], ends[kTile];
    in.takeAll(d, x);
    winogradResults(d, x, ends);
    const auto b = take(d, bias);
    HWY_UNROLL(4)
    for (auto& end : ends) end = Add(end, b);
    if (clamp) clampAll(d, low, high, ends);
    out.putAll(d, ends);
  }
};

void results(const float* sums, int64_t step, const WinogradResults& to) {
  HWY_ALIGN float between[kTile][kPatch][kOutputs];
  const int64_t channels = (to.channels + 3) / 4 * 4;
  for (int j = 0; j < kPatch; ++j) {
    ResultsAlong next{{sums + j * step, kPatch * step}, {between[0][j], kPatch * kOutputs}};
    forEachVector(channels, next);
  }
  // No lane beyond the last channel or pixel may be touched: another thread may own it.
  const bool whole = to.endColumn == kTile && to.channels % 4 == 0;
  HWY_ALIGN float some[kTile][kOutputs];
  for (int i = to.firstRow; i < to.endRow; ++i) {
    float* row = to.output + i * to.rowStride;
    RowOfResults next{{between[i][0], kOutputs},
                      {whole ? row : some[0], whole ? to.pixelStride : kOutputs},
                      to.bias,
                      to.low,
                      to.high,
                      to.clamp};
    forEachVector(channels, next);
    if (whole) continue;
    for (int j = 0; j < to.endColumn; ++j, row += to.pixelStride)
      std::copy_n(some[j], to.channels, row);
  }
}

const WinogradTransforms* MakeWinograd() {
  static constexpr WinogradTransforms kTransforms{inputs, taps, results};
  return &kTransforms;
}

#endif

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace minnow::kernels::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

const WinogradTransforms& winogradTransforms() { return *MINNOW_DISPATCH(MakeWinograd)(); }

}  // namespace minnow::kernels::simd
#endif
