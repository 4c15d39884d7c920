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

ByteTileFn byteTile() {
  static const bool hasDot = hasDotProduct();
  switch (kernelTarget()) {
    case Target::Avx3:
      return hasDot ? byteTileVnni() : byteTileAvx2();
    case Target::Avx2:
      return byteTileAvx2();
    case Target::Sve:
    case Target::Neon:
      return hasDot && byteTileDot() ? byteTileDot() : byteTileNeon();
    case Target::ScalarFma:
      break;
  }
  return nullptr;
}

}  // namespace minnow::kernels::simd
