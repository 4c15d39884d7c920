# Cross-building for 64-bit ARM with Debian's g++; programs run under qemu. The baseline is ARMv8.0 (Cortex-A53); what
# later CPUs add is dispatched to at run time. Static programs run on any Linux, whatever its C library.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_C_FLAGS_INIT "-march=armv8-a")
set(CMAKE_CXX_FLAGS_INIT "-march=armv8-a")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
# What tests of bits run on, as NAME=TARGET=QEMU_CPU: the oldest CPU of the architecture, then SVE of three lengths.
set(MINNOW_EMULATED_CPUS cortex-a53=neon=cortex-a53 sve128=sve=max,sve-default-vector-length=16
  sve256=sve=max,sve-default-vector-length=32 sve512=sve=max,sve-default-vector-length=64)
# The cross compiler's own folder and nothing beside it: not this machine's libraries, not another architecture's packages.
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
