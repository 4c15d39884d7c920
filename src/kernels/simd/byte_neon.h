// What ARM's kernels of bytes multiply and add by: instructions in the order in which they are written.
// Compilers load and multiply everything before they add it up, for which there are not enough registers.
#pragma once

#if defined(__aarch64__) || defined(__ARM_NEON)
#include <arm_neon.h>

#include <cstdint>

namespace minnow::kernels::simd {

/// Eight products, of the first halves and of the second ones.
struct Products {
  int16x8_t low, high;
};
struct TwoVectors {
  int8x16_t a, b;
};
/// Sixteen of 32 bits.
struct Sums {
  int32x4_t a, b, c, d;
};

#if defined(__aarch64__)
template <int kOffset>
inline TwoVectors loadTwo(const int8_t* from) {
  TwoVectors two;
  __asm__ volatile("ldp %q0, %q1, [%2, %3]" : "=w"(two.a), "=w"(two.b) : "r"(from), "i"(kOffset));
  return two;
}
/// Four words each, kOffset bytes behind: compilers would copy registers where they have loaded the same before.
template <int kOffset>
inline void loadTwo(const int32_t* from, int32x4_t& a, int32x4_t& b) {
  __asm__ volatile("ldp %q0, %q1, [%2, %3]" : "=w"(a), "=w"(b) : "r"(from), "i"(kOffset));
}
#define MINNOW_DOT __attribute__((target("arch=armv8.2-a+dotprod")))
/// Products of fours.
MINNOW_DOT inline void addDots(int8x16_t x, int8x16_t w, int32x4_t& sum) {
  __asm__ volatile("sdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(x), "w"(w));
}
/// Moves on afterwards.
template <int kStep>
inline TwoVectors loadTwoThen(const int8_t*& from) {
  TwoVectors two;
  __asm__ volatile("ldp %q0, %q1, [%2], %3" : "=w"(two.a), "=w"(two.b), "+r"(from) : "i"(kStep));
  return two;
}
inline Products products(int8x16_t w, int8x16_t x) {
  Products p;
  __asm__ volatile("smull %0.8h, %1.8b, %2.8b" : "=w"(p.low) : "w"(w), "w"(x));
  __asm__ volatile("smull2 %0.8h, %1.16b, %2.16b" : "=w"(p.high) : "w"(w), "w"(x));
  return p;
}
inline void addProducts(int8x16_t w, int8x16_t x, Products& p) {
  __asm__ volatile("smlal %0.8h, %1.8b, %2.8b" : "+w"(p.low) : "w"(w), "w"(x));
  __asm__ volatile("smlal2 %0.8h, %1.16b, %2.16b" : "+w"(p.high) : "w"(w), "w"(x));
}
/// Each product to a sum of its own.
inline void addEach(const Products& p, const Sums& from, Sums& to) {
  __asm__ volatile("saddw %0.4s, %1.4s, %2.4h" : "=w"(to.a) : "w"(from.a), "w"(p.low));
  __asm__ volatile("saddw2 %0.4s, %1.4s, %2.8h" : "=w"(to.b) : "w"(from.b), "w"(p.low));
  __asm__ volatile("saddw %0.4s, %1.4s, %2.4h" : "=w"(to.c) : "w"(from.c), "w"(p.high));
  __asm__ volatile("saddw2 %0.4s, %1.4s, %2.8h" : "=w"(to.d) : "w"(from.d), "w"(p.high));
}
#else
template <int kOffset>
inline TwoVectors loadTwo(const int8_t* from) {
  return {vld1q_s8(from + kOffset), vld1q_s8(from + kOffset + 16)};
}
inline Products products(int8x16_t w, int8x16_t x) {
  return {vmull_s8(vget_low_s8(w), vget_low_s8(x)), vmull_s8(vget_high_s8(w), vget_high_s8(x))};
}
inline void addProducts(int8x16_t w, int8x16_t x, Products& p) {
  p.low = vmlal_s8(p.low, vget_low_s8(w), vget_low_s8(x));
  p.high = vmlal_s8(p.high, vget_high_s8(w), vget_high_s8(x));
}
inline void addEach(const Products& p, const Sums& from, Sums& to) {
  to.a = vaddw_s16(from.a, vget_low_s16(p.low));
  to.b = vaddw_s16(from.b, vget_high_s16(p.low));
  to.c = vaddw_s16(from.c, vget_low_s16(p.high));
  to.d = vaddw_s16(from.d, vget_high_s16(p.high));
}
#endif

}  // namespace minnow::kernels::simd
#endif
