// Which targets this CPU can run, and which is in use.
#include "kernels/simd/dispatch.h"

#include <hwy/detect_targets.h>

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "minnow/cpu.h"

#if HWY_ARCH_X86
#include "kernels/simd/cpuid.h"
#elif HWY_ARCH_ARM
#include <asm/hwcap.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

namespace minnow::kernels::simd {
namespace {

constexpr std::array<std::string_view, 5> kNames{"avx3", "avx2", "sve", "neon", "scalar-fma"};

constexpr std::string_view nameOf(Target target) { return kNames[static_cast<size_t>(target)]; }

#if HWY_ARCH_X86
// All that Highway lets the compiler use in copies for a target. The system's support for the
// registers is part of each answer.
bool runs(Target target) {
  const unsigned first = CpuLeaf(1).ecx, seventh = CpuLeaf(7).ebx;
  // PCLMULQDQ, FMA, SSE4.2, AES, AVX, F16C; BMI1, AVX2, BMI2; SSE's and AVX's registers.
  const bool avx2 =
      hasBits(first, {1, 12, 20, 25, 28, 29}) && hasBits(seventh, {3, 5, 8}) && systemSaves({1, 2});
  if (target == Target::Avx2) return avx2;
  // AVX-512 F, DQ, BW, VL; masks and the wider registers.
  return avx2 && hasBits(seventh, {16, 17, 30, 31}) && systemSaves({5, 6, 7});
}
#elif HWY_ARCH_ARM_A64
// Kernels use no more of NEON than every AArch64 has.
bool runs(Target target) { return target == Target::Neon || (getauxval(AT_HWCAP) & HWCAP_SVE); }

// Linux lets programs read which core they are on, which takes a microsecond; what runs an older one
// than 4.11 is most likely a cheap phone.
bool isInOrder() {
  if (!(getauxval(AT_HWCAP) & HWCAP_CPUID)) return true;
  uint64_t id = 0;
  asm volatile("mrs %0, midr_el1" : "=r"(id));
  // Maker and part: Cortex-A53, A35, A55, then Qualcomm's of the same kind (Kryo 2xx, 3xx, 4xx Silver).
  for (uint64_t core : {0x41d03, 0x41d04, 0x41d05, 0x51801, 0x51803, 0x51805})
    if (core == (id >> 24 << 12 | (id >> 4 & 0xfff))) return true;
  return false;
}
#elif HWY_ARCH_ARM
// VFPv4 brings the fused multiply-add.
bool runs(Target) {
  const unsigned long has = getauxval(AT_HWCAP);
  return (has & HWCAP_NEON) && (has & HWCAP_VFPv4);
}
#else
bool runs(Target) { return false; }
#endif

/// What this build has.
constexpr std::array<bool, 4> kCompiled{(HWY_TARGETS & HWY_AVX3) != 0,
                                        (HWY_TARGETS & HWY_AVX2) != 0, (HWY_TARGETS & HWY_SVE) != 0,
                                        (HWY_TARGETS & HWY_NEON) != 0};

/// SVE's vectors may be as short as NEON's, whose registers need no predicates.
bool sveIsLonger() {
#if HWY_ARCH_ARM_A64
  return (prctl(PR_SVE_GET_VL) & PR_SVE_VL_LEN_MASK) > 16;
#else
  return false;
#endif
}

/// Best first; never empty.
const std::vector<Target>& available() {
  static const std::vector<Target> targets = [] {
    std::vector<Target> order{Target::Avx3, Target::Avx2, Target::Sve, Target::Neon};
    if (!sveIsLonger()) std::swap(order[2], order[3]);
    std::vector<Target> all;
    for (Target target : order)
      if (kCompiled[static_cast<size_t>(target)] && runs(target)) all.push_back(target);
    all.push_back(Target::ScalarFma);
    return all;
  }();
  return targets;
}

struct InUse {
  std::atomic<Target> kernels{available().front()};
  std::atomic<bool> referenceOnly{available().front() == Target::ScalarFma};
};

InUse& inUse() {
  static InUse one;
  return one;
}

}  // namespace

Target kernelTarget() { return inUse().kernels.load(std::memory_order_relaxed); }
bool referenceOnly() { return inUse().referenceOnly.load(std::memory_order_relaxed); }

bool coreIsInOrder() {
#if HWY_ARCH_ARM_A64
  constexpr int kQuestions = 256;
  thread_local bool inOrder = false;
  thread_local int left = 0;
  if (left == 0) inOrder = isInOrder();
  left = (left + 1) % kQuestions;
  return inOrder;
#else
  return false;
#endif
}

}  // namespace minnow::kernels::simd

namespace minnow {

using kernels::simd::Target;

std::span<const std::string_view> cpuTargets() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (Target target : kernels::simd::available()) all.push_back(kernels::simd::nameOf(target));
    return all;
  }();
  return names;
}

std::string_view cpuTarget() {
  return kernels::simd::nameOf(kernels::simd::referenceOnly() ? Target::ScalarFma
                                                              : kernels::simd::kernelTarget());
}

Result<void> limitCpuTarget(std::string_view name) {
  if (name.empty()) name = cpuTargets().front();
  for (Target target : kernels::simd::available()) {
    if (name != kernels::simd::nameOf(target)) continue;
    kernels::simd::inUse().referenceOnly = target == Target::ScalarFma;
    if (target != Target::ScalarFma) kernels::simd::inUse().kernels = target;
    return {};
  }
  std::string message = "no target \"" + std::string(name) + "\" here; this CPU and build have";
  for (std::string_view here : cpuTargets()) message += " " + std::string(here);
  return std::unexpected(Error{ErrorCode::NotFound, std::move(message)});
}

}  // namespace minnow
