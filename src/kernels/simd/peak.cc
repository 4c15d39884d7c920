// Independent chains of fused multiply-add in registers, nothing else.
#include "kernels/simd/peak.h"
#include "kernels/simd/dispatch.h"

#include <algorithm>
#include <chrono>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/peak.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Runs `steps` steps of 12 multiply-adds and returns floating-point operations done.
double Chains(int steps, float* sink) {
  const hn::ScalableTag<float> d;
  const auto x = hn::Set(d, 0.5f), w = hn::Set(d, sink[0]);
  // Different beginnings, or the compiler would see one chain.
  const auto at = [&](int n) HWY_ATTR { return hn::Set(d, sink[1] + static_cast<float>(n)); };
  auto a = at(0), b = at(1), c = at(2), e = at(3), f = at(4), g = at(5);
  auto h = at(6), i = at(7), j = at(8), k = at(9), l = at(10), m = at(11);
  for (int s = 0; s < steps; ++s) {
    a = hn::MulAdd(a, w, x), b = hn::MulAdd(b, w, x), c = hn::MulAdd(c, w, x);
    e = hn::MulAdd(e, w, x), f = hn::MulAdd(f, w, x), g = hn::MulAdd(g, w, x);
    h = hn::MulAdd(h, w, x), i = hn::MulAdd(i, w, x), j = hn::MulAdd(j, w, x);
    k = hn::MulAdd(k, w, x), l = hn::MulAdd(l, w, x), m = hn::MulAdd(m, w, x);
  }
  a = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(hn::Add(f, g), hn::Add(h, i)));
  sink[1] = hn::GetLane(hn::Add(a, hn::Add(hn::Add(j, k), hn::Add(l, m))));
  return 2.0 * 12 * steps * static_cast<double>(hn::Lanes(d));
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {

double peakGflops() {
  if (kernelTarget() == Target::ScalarFma) return 0;
  float sink[2] = {0.25f, 0};
  double best = 0;
  for (int run = 0; run < 30; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    const double work = MINNOW_DISPATCH(Chains)(100'000, sink);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    best = std::max(best, work / time.count() * 1e-9);
  }
  return best;
}

}  // namespace minnow::kernels::simd
#endif
