# Cross-building for 64-bit RISC-V (RV64GC) with Debian's g++, as arm64.cmake. Kernels are the scalar reference: the
# baseline has no vectors, and a fused multiply-add in its scalars.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(CMAKE_CXX_COMPILER riscv64-linux-gnu-g++)
set(CMAKE_C_COMPILER riscv64-linux-gnu-gcc)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
# g++ 12 calls a library for atomics of a byte.
set(CMAKE_CXX_STANDARD_LIBRARIES_INIT "-latomic")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-riscv64-static)
set(MINNOW_EMULATED_CPUS rv64=scalar-fma=rv64)  # NAME=TARGET=QEMU_CPU
set(CMAKE_FIND_ROOT_PATH /usr/riscv64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
