// Run-time dispatch. Highway compiles the file of a kernel once a target; MINNOW_DISPATCH picks the
// copy for the target in use. Which one that is we decide (minnow/cpu.h), so that Highway is
// headers only, and a CPU may run what it can: Highway would ask AES of AArch64.
#pragma once

#include <type_traits>

namespace minnow::kernels::simd {

enum class Target { Avx3, Avx2, Sve, Neon, ScalarFma };

/// The target whose copies run; ScalarFma, which has none, only if this CPU has no other.
Target kernelTarget();
/// True if only the scalar reference may run.
bool referenceOnly();
/// True if this thread runs on an AArch64 core that issues instructions in order, as far as is
/// known. A phone has both kinds and moves threads, so that the answer is renewed now and then.
bool coreIsInOrder();

/// One copy of `copies`, which are in Target's order; null where a target is not compiled. A file
/// may have none for SVE: then it is NEON's, which every such CPU runs.
template <class Kernel>
Kernel* copyInUse(Kernel* const (&copies)[4]) {
  Kernel* copy = copies[static_cast<int>(kernelTarget())];
  return copy ? copy : copies[static_cast<int>(Target::Neon)];
}

}  // namespace minnow::kernels::simd

/// A pointer to the copy in use of the function HWY_NAMESPACE::kernel of this file; below HWY_ONCE.
#define MINNOW_DISPATCH(kernel)                                                  \
  ::minnow::kernels::simd::copyInUse<                                            \
      std::remove_pointer_t<decltype(&HWY_STATIC_DISPATCH(kernel))>>(            \
      {HWY_CHOOSE_AVX3(kernel), HWY_CHOOSE_AVX2(kernel), HWY_CHOOSE_SVE(kernel), \
       HWY_CHOOSE_NEON(kernel)})
