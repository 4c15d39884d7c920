// What an x86 says of itself by CPUID (Intel's Software Developer's Manual, volume 2A, CPUID; XGETBV). The compiler's answer,
// __builtin_cpu_supports, is no everywhere where its run-time library is Zig's.
#pragma once

#include <cpuid.h>

#include <cstdint>
#include <initializer_list>

namespace minnow::kernels::simd {

/// EAX, EBX, ECX, EDX of a leaf; zeros where there is none.
struct CpuLeaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  explicit CpuLeaf(unsigned leaf) {
    if (!__get_cpuid_count(leaf, 0, &eax, &ebx, &ecx, &edx)) *this = {};
  }
  CpuLeaf() = default;
};

constexpr bool hasBits(uint64_t word, std::initializer_list<int> bits) {
  for (const int bit : bits)
    if (!(word >> bit & 1)) return false;
  return true;
}

/// Whether the system saves these parts of the registers (XCR0's bits).
inline bool systemSaves(std::initializer_list<int> parts) {
  if (!hasBits(CpuLeaf(1).ecx, {27})) return false;  // OSXSAVE
  uint32_t low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return hasBits(low, parts);
}

}  // namespace minnow::kernels::simd
