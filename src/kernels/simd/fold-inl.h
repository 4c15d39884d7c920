// Folding on vectors, in the order of ops/reduce.h: along a contiguous row, and over neighbouring
// outputs with one lane each. What is folded (a functor of the elements) and how (a join) are
// passed in. Include after <hwy/highway.h> in a file compiled once a target.
#if defined(MINNOW_SIMD_FOLD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_SIMD_FOLD_INL_H_
#undef MINNOW_SIMD_FOLD_INL_H_
#else
#define MINNOW_SIMD_FOLD_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/fold_plan.h"
#include "kernels/pairwise.h"
#include "kernels/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

/// At most 16 lanes, so that 16 partials are a whole number of vectors.
using FoldTag = hn::CappedTag<float, 16>;
using FoldVec = hn::Vec<FoldTag>;
inline constexpr int64_t kPartials = 16;
inline constexpr int64_t kBlock = FoldPlan::kBlock;

// Joins: how an element enters an accumulator (`join`), how accumulators are joined (`merge`).

struct Sum {
  static constexpr float kStart = 0.0f;
  static HWY_INLINE FoldVec join(FoldTag, FoldVec acc, FoldVec t) { return hn::Add(acc, t); }
  static HWY_INLINE FoldVec merge(FoldTag, FoldVec a, FoldVec b) { return hn::Add(a, b); }
  static HWY_INLINE float join(float acc, float t) { return acc + t; }
  static HWY_INLINE float merge(float a, float b) { return a + b; }
};

struct SumOfSquares : Sum {
  static HWY_INLINE FoldVec join(FoldTag, FoldVec acc, FoldVec t) { return hn::MulAdd(t, t, acc); }
  static HWY_INLINE float join(float acc, float t) { return std::fma(t, t, acc); }
};

struct Greatest {
  static constexpr float kStart = -std::numeric_limits<float>::infinity();
  static HWY_INLINE FoldVec join(FoldTag, FoldVec acc, FoldVec t) {
    return hn::IfThenElse(hn::Or(hn::Gt(t, acc), hn::IsNaN(t)), t, acc);
  }
  static HWY_INLINE FoldVec merge(FoldTag d, FoldVec a, FoldVec b) { return join(d, a, b); }
  static HWY_INLINE float join(float acc, float t) { return t > acc || t != t ? t : acc; }
  static HWY_INLINE float merge(float a, float b) { return join(a, b); }
};

struct Least {
  static constexpr float kStart = std::numeric_limits<float>::infinity();
  static HWY_INLINE FoldVec join(FoldTag, FoldVec acc, FoldVec t) {
    return hn::IfThenElse(hn::Or(hn::Lt(t, acc), hn::IsNaN(t)), t, acc);
  }
  static HWY_INLINE FoldVec merge(FoldTag d, FoldVec a, FoldVec b) { return join(d, a, b); }
  static HWY_INLINE float join(float acc, float t) { return t < acc || t != t ? t : acc; }
  static HWY_INLINE float merge(float a, float b) { return join(a, b); }
};

// Elements: fn(x, lane), where lane counts the outputs of a block (0 along a row).

struct Itself {
  HWY_INLINE FoldVec operator()(FoldTag, FoldVec x, int64_t) const { return x; }
};
/// Absolute values, or the numbers themselves.
struct Masked {
  uint32_t kept;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t) const {
    return hn::And(x, hn::BitCast(d, hn::Set(hn::RebindToUnsigned<FoldTag>(), kept)));
  }
};
/// x - of[lane]; one number for all along a row.
struct Minus {
  const float* of;
  bool perLane;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t lane) const {
    return hn::Sub(x, perLane ? hn::LoadU(d, of + lane) : hn::Set(d, *of));
  }
};
struct ExpMinus {
  Minus minus;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t lane) const {
    return exponential(d, minus(d, x, lane));
  }
};

/// The first n of a vector's lanes, without touching memory behind them.
HWY_INLINE FoldVec loadFirst(FoldTag d, const float* from, int64_t n) {
#if HWY_HAVE_SCALABLE
  return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(n)), d, from);
#else
  HWY_ALIGN float lanes[kPartials] = {};
  std::memcpy(lanes, from, static_cast<size_t>(n) * sizeof(float));
  return hn::Load(d, lanes);
#endif
}
HWY_INLINE void storeFirst(FoldTag d, FoldVec v, float* to, int64_t n) {
#if HWY_HAVE_SCALABLE
  hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(n)), d, to);
#else
  HWY_ALIGN float lanes[kPartials];
  hn::Store(v, d, lanes);
  std::memcpy(to, lanes, static_cast<size_t>(n) * sizeof(float));
#endif
}

/// to[i] = fn(from[i], i).
template <class F>
HWY_INLINE void mapLanes(const float* from, float* to, int64_t n, const F& fn) {
  const FoldTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(fn(d, hn::LoadU(d, from + i), i), d, to + i);
  if (i < n) storeFirst(d, fn(d, loadFirst(d, from + i, n - i), i), to + i, n - i);
}

/// Joins 16 partials.
template <class Join>
HWY_INLINE float mergePartials(float* partial) {
  for (int64_t half = kPartials / 2; half > 0; half /= 2)
    for (int64_t j = 0; j < half; ++j) partial[j] = Join::merge(partial[j], partial[j + half]);
  return partial[0];
}

/// One chain over a block of a row, in pieces of 16.
template <class Join, class F>
HWY_INLINE float foldChain(const float* x, int64_t n, const F& fn, float* kept) {
  HWY_ALIGN float piece[kPartials];
  float acc = Join::kStart;
  for (int64_t i = 0; i < n; i += kPartials) {
    const int64_t m = std::min(kPartials, n - i);
    mapLanes(x + i, piece, m, fn);
    if (kept) std::memcpy(kept + i, piece, static_cast<size_t>(m) * sizeof(float));
    for (int64_t k = 0; k < m; ++k) acc = Join::join(acc, piece[k]);
  }
  return acc;
}

/// The striped fold of fn over a block; fn's values are also stored in `kept` unless it is null.
template <class Join, class F>
HWY_INLINE float foldStripes(const float* x, int64_t n, const F& fn, float* kept) {
  const FoldTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FoldVec a0 = hn::Set(d, Join::kStart), a1 = a0, a2 = a0, a3 = a0;
  int64_t i = 0;
  const auto step = [&](FoldVec acc, int64_t at) HWY_ATTR {
    const FoldVec t = fn(d, hn::LoadU(d, x + at), 0);
    if (kept) hn::StoreU(t, d, kept + at);
    return Join::join(d, acc, t);
  };
  for (; i + kPartials <= n; i += kPartials) {
    a0 = step(a0, i);
    if (lanes < 16) a1 = step(a1, i + lanes);
    if (lanes < 8) a2 = step(a2, i + 2 * lanes);
    if (lanes < 8) a3 = step(a3, i + 3 * lanes);
  }
  HWY_ALIGN float partial[kPartials] = {};
  hn::Store(a0, d, partial);
  if (lanes < 16) hn::Store(a1, d, partial + lanes);
  if (lanes < 8) hn::Store(a2, d, partial + 2 * lanes);
  if (lanes < 8) hn::Store(a3, d, partial + 3 * lanes);
  HWY_ALIGN float rest[kPartials] = {};
  mapLanes(x + i, rest, n - i, fn);
  for (int64_t k = 0; k < n - i; ++k) partial[k] = Join::join(partial[k], rest[k]);
  if (kept) std::memcpy(kept + i, rest, static_cast<size_t>(n - i) * sizeof(float));
  return mergePartials<Join>(partial);
}

/// Either, as the plan says.
template <class Join, class F>
HWY_INLINE float foldBlock(bool striped, const float* x, int64_t n, const F& fn, float* kept) {
  return striped ? foldStripes<Join>(x, n, fn, kept) : foldChain<Join>(x, n, fn, kept);
}

/// A row, block by block.
template <class Join, class F>
HWY_INLINE float foldRow(bool striped, const float* x, int64_t n, const F& fn,
                         float* kept = nullptr) {
  const int64_t length = striped ? kPartials * kChain : kChain;
  const auto merge = [](float a, float b) { return Join::merge(a, b); };
  PairwiseFold<float, decltype(merge)> blocks(merge);
  // Called in one place: every call is a copy of the loops.
  for (int64_t i = 0;; i += length) {
    const int64_t count = std::min(length, n - i);
    blocks.add(foldBlock<Join>(striped, x + i, count, fn, kept ? kept + i : kept));
    if (n - i <= length) return blocks.total();
  }
}

/// The greatest of a row does not depend on the order; a zero is +0.
HWY_INLINE float greatestOfRow(const float* x, int64_t n) {
  return foldStripes<Greatest>(x, n, Itself{}, nullptr) + 0.0f;
}

/// Calls fn(i, input distance, output distance) for the reduced elements in order.
template <class F>
HWY_INLINE void forEachReduced(const FoldAxes& axes, F&& fn) {
  const int last = axes.rank - 1;
  const int64_t inner = last < 0 ? 1 : axes.extents[last];
  const int64_t inStep = last < 0 ? 0 : axes.in[last], outStep = last < 0 ? 0 : axes.out[last];
  const int64_t count = axes.count();
  for (int64_t i = 0; i < count; i += inner) {
    auto [in, out] = axes.offsets(i);
    for (int64_t k = 0; k < inner; ++k, in += inStep, out += outStep) fn(i + k, in, out);
  }
}

/// Joins the accumulators of neighbouring outputs into the row at `a`. Rare, so it is there once.
template <class Join>
HWY_NOINLINE void mergeRow(float* a, const float* b, int64_t lanes) {
  const FoldTag d;
  for (int64_t k = 0; k < lanes; k += static_cast<int64_t>(hn::Lanes(d)))
    hn::Store(Join::merge(d, hn::Load(d, a + k), hn::Load(d, b + k)), d, a + k);
}

/// Folds `lanes` neighbouring outputs (at most kBlock), lane by lane, into `result`; fn's values
/// are also stored at `kept` with the output's strides unless it is null.
template <class Join, class F>
HWY_INLINE void foldLanes(const FoldPlan& plan, const float* x, int64_t lanes, const F& fn,
                          float* result, float* kept = nullptr) {
  const FoldTag d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  HWY_ALIGN float partial[kPartials * kBlock];
  HWY_ALIGN float blocks[PairwiseOrder::kPlaces * kBlock];
  const int64_t used = plan.striped ? kPartials : 1;
  PairwiseOrder order;
  const auto join = [&](int a) HWY_ATTR {
    mergeRow<Join>(blocks + a * kBlock, blocks + (a + 1) * kBlock, lanes);
  };
  const auto begin = [&] { std::fill(partial, partial + used * kBlock, Join::kStart); };
  const auto end = [&]() HWY_ATTR __attribute__((noinline)) {
    for (int64_t half = used / 2; half > 0; half /= 2)
      for (int64_t j = 0; j < half; ++j)
        mergeRow<Join>(partial + j * kBlock, partial + (j + half) * kBlock, lanes);
    std::memcpy(blocks + order.next() * kBlock, partial, kBlock * sizeof(float));
    order.push(join);
  };
  begin();
  forEachReduced(plan.reduced, [&](int64_t i, int64_t in, int64_t out) HWY_ATTR {
    if (i > 0 && i % (used * kChain) == 0) end(), begin();
    float* acc = partial + i % used * kBlock;
    int64_t k = 0;
    for (; k + step <= lanes; k += step) {
      const FoldVec t = fn(d, hn::LoadU(d, x + in + k), k);
      if (kept) hn::StoreU(t, d, kept + out + k);
      hn::Store(Join::join(d, hn::Load(d, acc + k), t), d, acc + k);
    }
    if (k == lanes) return;
    const FoldVec t = fn(d, loadFirst(d, x + in + k, lanes - k), k);
    if (kept) storeFirst(d, t, kept + out + k, lanes - k);
    hn::Store(Join::join(d, hn::Load(d, acc + k), t), d, acc + k);
  });
  end();
  order.finish(join);
  std::memcpy(result, blocks, static_cast<size_t>(lanes) * sizeof(float));
}

/// y = fn(x, lane) for all reduced elements of `lanes` neighbouring outputs.
template <class F>
HWY_INLINE void mapBlock(const FoldAxes& reduced, const float* x, float* y, int64_t lanes,
                         const F& fn) {
  forEachReduced(reduced, [&](int64_t, int64_t in, int64_t out)
                              HWY_ATTR { mapLanes(x + in, y + out, lanes, fn); });
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_FOLD_INL_H_
