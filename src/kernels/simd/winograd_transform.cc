// Winograd's transforms, one source for every instruction set.
#include "kernels/simd/winograd_transform.h"

#include <algorithm>
#include <cstring>

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

#define MINNOW_INLINE HWY_INLINE
#include "kernels/winograd.inc"
#undef MINNOW_INLINE

constexpr int kTile = WinogradAxis::kTile, kPatch = WinogradTransforms::kPatch;
constexpr int kPoints = WinogradTransforms::kPoints, kHalf = WinogradTransforms::kHalf;
constexpr int kOutputs = WinogradBlock::kOutputs;
using Wide = hn::CappedTag<float, kOutputs>;
using Four = hn::CappedTag<float, 4>;

/// Calls at(d, c) for channels c of [0, channels): vectors as wide as they come, then of four.
/// Returns where fewer than four channels are left.
template <class At>
HWY_INLINE int64_t forEachVector(int64_t channels, const At& at) {
  const auto wide = static_cast<int64_t>(hn::Lanes(Wide()));
  int64_t c = 0;
  for (; c + wide <= channels; c += wide) at(Wide(), c);
  if (wide > 4)
    for (; c + 4 <= channels; c += 4) at(Four(), c);
  return c;
}

/// The `count` first floats, fewer than four, and zeros.
HWY_INLINE hn::Vec<Four> loadSome(const float* from, int64_t count) {
  float some[4] = {};
  std::memcpy(some, from, static_cast<size_t>(count) * sizeof(float));
  return hn::LoadU(Four(), some);
}

/// Six rows of channels, or a few of them, at the points of one axis.
void inputsAlong(const float* const (&rows)[kPatch], int64_t channels, float* to, int64_t step) {
  const float* from[kPatch];  // a copy, so that stores cannot change it
  std::copy_n(rows, kPatch, from);
  const auto transform = [&](auto d, int64_t c, const auto& load) HWY_ATTR {
    hn::Vec<decltype(d)> x[kPatch], points[kPatch];
    HWY_UNROLL(6)
    for (int i = 0; i < kPatch; ++i) x[i] = load(from[i] + c);
    winogradInputs(d, x, points);
    HWY_UNROLL(6)
    for (int i = 0; i < kPatch; ++i) hn::StoreU(points[i], d, to + i * step + c);
  };
  const int64_t end = forEachVector(channels, [&](auto d, int64_t c) HWY_ATTR {
    transform(d, c, [&](const float* x) HWY_ATTR { return hn::LoadU(d, x); });
  });
  if (end < channels)
    transform(Four(), end, [&](const float* x) HWY_ATTR { return loadSome(x, channels - end); });
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

/// Taps of three rows at the points of half the axis.
template <class V, class D>
HWY_INLINE void tapsAtHalf(D d, int half, const V (&g)[3], V (&u)[kHalf]) {
  if (half == 0) {
    u[0] = g[0];
    winogradTapPair(d, 1, g, u[1], u[2]);
  } else {
    winogradTapPair(d, 3, g, u[0], u[1]);
    u[2] = g[2];
  }
}

template <int kWhich, class D>
HWY_INLINE void tapsOfWidth(D d, const float* panel, int64_t channels, int64_t width, float* to,
                            int64_t step) {
  using V = hn::Vec<D>;
  const int64_t tap = channels * width;
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < tap; i += n) {
    V rows[kHalf][3];
    HWY_UNROLL(3)
    for (int x = 0; x < 3; ++x) {
      V g[3], u[kHalf];
      HWY_UNROLL(3)
      for (int y = 0; y < 3; ++y) g[y] = hn::LoadU(d, panel + (3 * y + x) * tap + i);
      tapsAtHalf(d, kWhich, g, u);
      HWY_UNROLL(3)
      for (int y = 0; y < kHalf; ++y) rows[y][x] = u[y];
    }
    HWY_UNROLL(3)
    for (int y = 0; y < kHalf; ++y) {
      V points[kPatch];
      winogradTaps(d, rows[y], points);
      HWY_UNROLL(6)
      for (int x = 0; x < kPatch; ++x) hn::StoreU(points[x], d, to + (y * kPatch + x) * step + i);
    }
  }
}

template <class D>
HWY_INLINE void tapsBy(D d, int half, const float* panel, int64_t channels, int64_t width,
                       float* to, int64_t step) {
  if (half == 0)
    tapsOfWidth<0>(d, panel, channels, width, to, step);
  else
    tapsOfWidth<1>(d, panel, channels, width, to, step);
}

void taps(int half, const float* panel, int64_t channels, int64_t width, float* to, int64_t step) {
  if (width % static_cast<int64_t>(hn::Lanes(Wide())) == 0)
    tapsBy(Wide(), half, panel, channels, width, to, step);
  else
    tapsBy(Four(), half, panel, channels, width, to, step);
}

/// Sums at the points of one axis as four results; store(d, c, ends) keeps them.
template <class Store>
HWY_INLINE int64_t resultsAlong(const float* from, int64_t step, int64_t channels,
                                const Store& store) {
  return forEachVector(channels, [&](auto d, int64_t c) HWY_ATTR {
    hn::Vec<decltype(d)> x[kPatch], ends[1][kTile];
    HWY_UNROLL(6)
    for (int i = 0; i < kPatch; ++i) x[i] = hn::LoadU(d, from + i * step + c);
    winogradResults(d, x, ends[0]);
    store(d, c, ends);
  });
}

/// A row of results from their sums along x: four pixels, each at a constant distance.
HWY_INLINE void rowOfResults(const float* sums, const WinogradResults& to, float* row,
                             int64_t pixelStride) {
  const float *bias = to.bias, low = to.low, high = to.high;
  const bool clamp = to.clamp;
  resultsAlong(sums, kOutputs, (to.channels + 3) / 4 * 4,
               [&](auto d, int64_t c, auto& ends) HWY_ATTR {
                 const auto b = hn::LoadU(d, bias + c);
                 HWY_UNROLL(4)
                 for (auto& x : ends[0]) x = hn::Add(x, b);
                 if (clamp) clampSums(d, low, high, ends);
                 HWY_UNROLL(4)
                 for (int j = 0; j < kTile; ++j)
                   hn::StoreU(ends[0][j], d, row + j * pixelStride + c);
               });
}

void results(const float* sums, int64_t step, const WinogradResults& to) {
  HWY_ALIGN float between[kTile][kPatch][kOutputs];
  for (int j = 0; j < kPatch; ++j)
    resultsAlong(sums + j * step, kPatch * step, (to.channels + 3) / 4 * 4,
                 [&](auto d, int64_t c, const auto& ends) HWY_ATTR {
                   HWY_UNROLL(4)
                   for (int i = 0; i < kTile; ++i) hn::StoreU(ends[0][i], d, between[i][j] + c);
                 });
  // No lane beyond the last channel or pixel may be touched: another thread may own it.
  const bool whole = to.endColumn == kTile && to.channels % 4 == 0;
  HWY_ALIGN float some[kTile][kOutputs];
  for (int i = to.firstRow; i < to.endRow; ++i) {
    float* row = to.output + i * to.rowStride;
    rowOfResults(between[i][0], to, whole ? row : some[0], whole ? to.pixelStride : kOutputs);
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
