// Which tile of bytes runs.
#include "kernels/simd/byte_tile.h"

#include "kernels/simd/dispatch.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace minnow::kernels::simd {
namespace {

bool hasDotProduct() {
#if defined(__aarch64__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__x86_64__)
  return __builtin_cpu_supports("avx512vnni");
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
