# A 32-bit ARM on which Minnow is built for itself, as `pip install` does on a Raspberry Pi: the compiler is told of VFPv4 and NEON as
# in armv7.cmake, where the CPU has them. Its kernel is often a 64-bit one, after which CMake names the processor.
if(CMAKE_CROSSCOMPILING OR NOT CMAKE_SIZEOF_VOID_P EQUAL 4 OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(arm|aarch64)")
  return()
endif()
set(CMAKE_SYSTEM_PROCESSOR armv7)
add_compile_options(-Wno-psabi)
try_run(without_vfpv4 compiled SOURCE_FROM_CONTENT has_vfpv4.cc "
#include <sys/auxv.h>
int main() { return (getauxval(AT_HWCAP) >> 16 & 1) == 0; }  // HWCAP_VFPv4, of 32-bit processes
")
if(compiled AND without_vfpv4 EQUAL 0)
  add_compile_options(-march=armv7-a -mfpu=neon-vfpv4 -mfp16-format=ieee)
  add_compile_definitions(__ARM_VFPV4__=1)
endif()
