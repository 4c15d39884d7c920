# Cross-building for 32-bit ARM with VFPv4 and NEON. The definition tells Highway that multiply-add is fused
# (docs/design.md, numerics). Libraries as in arm64.cmake, of architecture armhf.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7)
set(CMAKE_CXX_COMPILER arm-linux-gnueabihf-g++)
set(CMAKE_C_COMPILER arm-linux-gnueabihf-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE arm-linux-gnueabihf)
set(CMAKE_CXX_FLAGS_INIT "-march=armv7-a -mfpu=neon-vfpv4 -mfp16-format=ieee -D__ARM_VFPV4__=1")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm-static -cpu max -L /usr/arm-linux-gnueabihf)
