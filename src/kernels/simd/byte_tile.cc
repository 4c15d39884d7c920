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
namespace {

bool hasDotProduct() {
#if defined(__aarch64__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__x86_64__)
  // Asked here: __builtin_cpu_supports answers 0 where a cross compiler's library has no model.
  constexpr unsigned kVnni = 1U << 11;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c & kVnni) != 0;
#else
  return false;
#endif
}

}  // namespace

ByteTiles byteTiles() {
  static const bool hasDot = hasDotProduct();
  switch (kernelTarget()) {
    case Target::Avx3:
      return hasDot ? byteTilesVnni() : byteTilesAvx2();
    case Target::Avx2:
      return byteTilesAvx2();
    case Target::Sve:
    case Target::Neon:
      return hasDot ? byteTilesDot() : byteTilesNeon();
    case Target::ScalarFma:
      break;
  }
  return {};
}

}  // namespace minnow::kernels::simd
