// Which tile of bytes runs.
#include "kernels/simd/byte_tile.h"

#include "kernels/simd/dispatch.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <cpuid.h>
#endif

namespace minnow::kernels::simd {

// Asked here: __builtin_cpu_supports answers 0 where a cross compiler's library has no model.
ByteInstructions byteInstructions() {
#if defined(__aarch64__)
  constexpr unsigned long kI8mm = 1UL << 13;  // HWCAP2_I8MM, which old headers lack
  return {.dot = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0,
          .mmla = (getauxval(AT_HWCAP2) & kI8mm) != 0};
#elif defined(__x86_64__)
  constexpr unsigned kAvx512Vnni = 1U << 11, kAvxVnni = 1U << 4, kVbmi = 1U << 1;
  unsigned a = 0, b = 0, c = 0, d = 0, features = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return {};
  if (a > 0) __get_cpuid_count(7, 1, &features, &b, &d, &d);
  return {.dot = (c & kAvx512Vnni) != 0,
          .avxVnni = (features & kAvxVnni) != 0,
          .vbmi = (c & kVbmi) != 0};
#else
  return {};
#endif
}

ByteTiles byteTiles() {
  static const ByteInstructions has = byteInstructions();
  switch (kernelTarget()) {
    case Target::Avx3:
      return has.dot ? byteTilesVnni() : byteTilesAvx2();
    case Target::Avx2:  // of a CPU with AVX-512 it is asked for to do without
      return has.avxVnni && !has.dot ? byteTilesAvxVnni() : byteTilesAvx2();
    case Target::Sve:
    case Target::Neon:
      if (!has.dot) return byteTilesNeon();
      return has.mmla ? byteTilesMmla() : byteTilesDot();
    case Target::ScalarFma:
      break;
  }
  return {};
}

}  // namespace minnow::kernels::simd
