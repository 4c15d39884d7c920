// Dispatch of the fast kernels.
#include "kernels/simd/targets.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

namespace minnow::kernels::simd {
namespace {

// Emulated and scalar baselines, and x86 before AVX2, multiply and add in two roundings.
constexpr int64_t kNotFused = HWY_SSSE3 | HWY_SSE4 | HWY_SCALAR | HWY_EMU128;

std::vector<int64_t> targets() {
  hwy::SetSupportedTargetsForTest(0);
  std::vector<int64_t> all;
  for (int64_t target : hwy::SupportedAndGeneratedTargets())
    if (!(target & kNotFused)) all.push_back(target);
  return all;
}

}  // namespace

bool available() {
  static const bool fused = [] {
    for (int64_t target : hwy::SupportedAndGeneratedTargets())
      if (!(target & kNotFused)) return true;
    return false;
  }();
  return fused;
}

std::vector<std::string> targetNames() {
  std::vector<std::string> names;
  for (int64_t target : targets()) names.emplace_back(hwy::TargetName(target));
  return names;
}

bool restrictTo(const std::string& name) {
  int64_t mask = 0;
  for (int64_t target : targets())
    if (name == hwy::TargetName(target)) mask = target;
  if (!mask && !name.empty()) return false;
  hwy::SetSupportedTargetsForTest(mask);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return true;
}

}  // namespace minnow::kernels::simd
