# Cross-building for 64-bit ARM with Debian's g++; programs run under qemu. The baseline is ARMv8.0 (Cortex-A53); what
# later CPUs add is dispatched to at run time. Static programs run on any Linux, whatever its C library.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_C_FLAGS_INIT "-march=armv8-a")
set(CMAKE_CXX_FLAGS_INIT "-march=armv8-a")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
# QEMU_CPU in the environment chooses the CPU (cortex-a53; max,sve-default-vector-length=32); unset, all of them.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
# The cross compiler's own folder and nothing beside it: not this machine's libraries, not another architecture's packages.
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
