// Winograd's transforms, one source for every instruction set.
#include "kernels/simd/winograd_transform.h"

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

constexpr int kTile = WinogradAxis::kTile, kPatch = WinogradAxis::kPatch;
constexpr int kPoints = WinogradTransforms::kPoints;
using Wide = hn::CappedTag<float, 16>;
using Four = hn::CappedTag<float, 4>;

/// Calls at(d, c) for channels c of [0, channels): vectors as wide as they come, then of four; the
/// last may reach beyond the channels.
template <class At>
HWY_INLINE void forEachVector(int64_t channels, const At& at) {
  const auto wide = static_cast<int64_t>(hn::Lanes(Wide()));
  int64_t c = 0;
  for (; c + wide <= channels; c += wide) at(Wide(), c);
  for (; c < channels; c += 4) at(Four(), c);
}

/// The `left` first floats, and zeros, where fewer than a vector are left.
template <class D>
HWY_INLINE hn::Vec<D> loadSome(D d, const float* from, int64_t left) {
  if (hn::MaxLanes(d) > 4 || left >= 4) return hn::LoadU(d, from);
  float some[hn::MaxLanes(d)] = {};
  std::memcpy(some, from, static_cast<size_t>(left) * sizeof(float));
  return hn::LoadU(d, some);
}

template <class D>
HWY_INLINE void storeSome(D d, hn::Vec<D> x, float* to, int64_t left) {
  if (hn::MaxLanes(d) > 4 || left >= 4) return hn::StoreU(x, d, to);
  float some[hn::MaxLanes(d)];
  hn::StoreU(x, d, some);
  std::memcpy(to, some, static_cast<size_t>(left) * sizeof(float));
}

template <class D>
HWY_INLINE void inputsAt(D d, const float* const (&pixels)[kPoints], int64_t c, int64_t left,
                         float* to, int64_t step) {
  using V = hn::Vec<D>;
  V rows[kPatch][kPatch];  // of points along y, and columns
  HWY_UNROLL(6)
  for (int j = 0; j < kPatch; ++j) {
    V column[kPatch], points[kPatch];
    HWY_UNROLL(6)
    for (int i = 0; i < kPatch; ++i) column[i] = loadSome(d, pixels[i * kPatch + j] + c, left);
    winogradInputs(d, column, points);
    HWY_UNROLL(6)
    for (int i = 0; i < kPatch; ++i) rows[i][j] = points[i];
  }
  HWY_UNROLL(6)
  for (int i = 0; i < kPatch; ++i) {
    V points[kPatch];
    winogradInputs(d, rows[i], points);
    HWY_UNROLL(6)
    for (int j = 0; j < kPatch; ++j) hn::StoreU(points[j], d, to + (i * kPatch + j) * step + c);
  }
}

void inputs(const float* const (&pixels)[kPoints], int64_t channels, float* to, int64_t step) {
  forEachVector(channels, [&](auto d, int64_t c)
                              HWY_ATTR { inputsAt(d, pixels, c, channels - c, to, step); });
}

/// Three columns of taps at a point of the axis y. At 0 and at infinity they are the first row and
/// the last: what winogradTap() adds to those is zero, whose sign no result shows, since biases are added last.
template <class D>
HWY_INLINE void tapsAt(D d, int row, const float* panel, int64_t tap, hn::Vec<D> (&taps)[3]) {
  if (row == 0 || row == kPatch - 1) {
    panel += row == 0 ? 0 : 6 * tap;
    HWY_UNROLL(3)
    for (int k = 0; k < 3; ++k) taps[k] = hn::LoadU(d, panel + k * tap);
    return;
  }
  HWY_UNROLL(3)
  for (int k = 0; k < 3; ++k)
    taps[k] = winogradTap(d, row, hn::LoadU(d, panel + k * tap),
                          hn::LoadU(d, panel + (3 + k) * tap), hn::LoadU(d, panel + (6 + k) * tap));
}

template <class D>
HWY_INLINE void tapsOfWidth(D d, int row, const float* panel, int64_t channels, int64_t width,
                            float* to, int64_t step) {
  using V = hn::Vec<D>;
  const int64_t tap = channels * width;
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < tap; i += n) {
    V taps[3], points[kPatch];
    tapsAt(d, row, panel + i, tap, taps);
    winogradTaps(d, taps, points);
    HWY_UNROLL(6)
    for (int j = 0; j < kPatch; ++j) hn::StoreU(points[j], d, to + j * step + i);
  }
}

void taps(int row, const float* panel, int64_t channels, int64_t width, float* to, int64_t step) {
  if (width % static_cast<int64_t>(hn::Lanes(Wide())) == 0)
    tapsOfWidth(Wide(), row, panel, channels, width, to, step);
  else
    tapsOfWidth(Four(), row, panel, channels, width, to, step);
}

template <class D>
HWY_INLINE void resultsAt(D d, const float* sums, int64_t step, const WinogradResults& to,
                          int64_t c) {
  using V = hn::Vec<D>;
  V rows[kTile][kPatch];
  HWY_UNROLL(6)
  for (int j = 0; j < kPatch; ++j) {
    V column[kPatch], ends[kTile];
    HWY_UNROLL(6)
    for (int i = 0; i < kPatch; ++i) column[i] = hn::LoadU(d, sums + (i * kPatch + j) * step + c);
    winogradResults(d, column, ends);
    HWY_UNROLL(4)
    for (int i = 0; i < kTile; ++i) rows[i][j] = ends[i];
  }
  const V bias = hn::LoadU(d, to.bias + c);
  HWY_UNROLL(4)
  for (int i = 0; i < kTile; ++i) {
    if (i < to.firstRow || i >= to.endRow) continue;
    V ends[1][kTile];
    winogradResults(d, rows[i], ends[0]);
    HWY_UNROLL(4)
    for (int j = 0; j < kTile; ++j) ends[0][j] = hn::Add(ends[0][j], bias);
    if (to.clamp) clampSums(d, to.low, to.high, ends);
    float* row = to.output + i * to.rowStride + c;
    HWY_UNROLL(4)
    for (int j = 0; j < kTile; ++j) {
      if (j >= to.endColumn) break;
      storeSome(d, ends[0][j], row + j * to.pixelStride, to.channels - c);
    }
  }
}

void results(const float* sums, int64_t step, const WinogradResults& to) {
  forEachVector(to.channels, [&](auto d, int64_t c) HWY_ATTR { resultsAt(d, sums, step, to, c); });
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
