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
struct ThreeVectors {
  int8x16_t a, b, c;
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
/// Two words, each in all lanes; in registers of their own, as compilers copy what comes in pairs.
template <bool Odd>
inline TwoVectors loadSteps(const uint8_t*& from) {
  if constexpr (Odd) {
    register int8x16_t a __asm__("v28");
    register int8x16_t b __asm__("v29");
    __asm__ volatile("ld2r {%0.4s, %1.4s}, [%2], #8" : "=w"(a), "=w"(b), "+r"(from));
    return {a, b};
  } else {
    register int8x16_t a __asm__("v30");
    register int8x16_t b __asm__("v31");
    __asm__ volatile("ld2r {%0.4s, %1.4s}, [%2], #8" : "=w"(a), "=w"(b), "+r"(from));
    return {a, b};
  }
}
/// Three, in registers of their own too.
template <bool Odd>
inline ThreeVectors loadThree(const uint8_t*& from) {
  if constexpr (Odd) {
    register int8x16_t a __asm__("v26");
    register int8x16_t b __asm__("v27");
    register int8x16_t c __asm__("v28");
    __asm__ volatile("ld3r {%0.4s, %1.4s, %2.4s}, [%3], #12"
                     : "=w"(a), "=w"(b), "=w"(c), "+r"(from));
    return {a, b, c};
  } else {
    register int8x16_t a __asm__("v29");
    register int8x16_t b __asm__("v30");
    register int8x16_t c __asm__("v31");
    __asm__ volatile("ld3r {%0.4s, %1.4s, %2.4s}, [%3], #12"
                     : "=w"(a), "=w"(b), "=w"(c), "+r"(from));
    return {a, b, c};
  }
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
/// Two steps of eight columns to their sums: one statement, for compilers copy what several leave.
inline void addSteps(const TwoVectors (&w)[2], const TwoVectors& x, int32x4_t (&sums)[2][2]) {
  register int16x8_t p __asm__("v22");
  register int16x8_t q __asm__("v23");
  register int16x8_t r __asm__("v24");
  register int16x8_t s __asm__("v25");
  __asm__ volatile(
      "smull %[p].8h, %[wa].8b, %[x].8b\n\tsmull2 %[q].8h, %[wa].16b, %[x].16b\n\t"
      "smull %[r].8h, %[wb].8b, %[x].8b\n\tsmull2 %[s].8h, %[wb].16b, %[x].16b\n\t"
      "smlal %[p].8h, %[va].8b, %[y].8b\n\tsmlal2 %[q].8h, %[va].16b, %[y].16b\n\t"
      "smlal %[r].8h, %[vb].8b, %[y].8b\n\tsmlal2 %[s].8h, %[vb].16b, %[y].16b\n\t"
      "sadalp %[a].4s, %[p].8h\n\tsadalp %[b].4s, %[q].8h\n\t"
      "sadalp %[c].4s, %[r].8h\n\tsadalp %[d].4s, %[s].8h"
      : [p] "=&w"(p), [q] "=&w"(q), [r] "=&w"(r), [s] "=&w"(s), [a] "+w"(sums[0][0]),
        [b] "+w"(sums[0][1]), [c] "+w"(sums[1][0]), [d] "+w"(sums[1][1])
      : [wa] "w"(w[0].a), [wb] "w"(w[0].b), [va] "w"(w[1].a), [vb] "w"(w[1].b), [x] "w"(x.a),
        [y] "w"(x.b));
}
/// Three.
inline void addSteps(const TwoVectors (&w)[3], const ThreeVectors& x, int32x4_t (&sums)[2][2]) {
  register int16x8_t p __asm__("v22");
  register int16x8_t q __asm__("v23");
  register int16x8_t r __asm__("v24");
  register int16x8_t s __asm__("v25");
  __asm__ volatile(
      "smull %[p].8h, %[wa].8b, %[x].8b\n\tsmull2 %[q].8h, %[wa].16b, %[x].16b\n\t"
      "smull %[r].8h, %[wb].8b, %[x].8b\n\tsmull2 %[s].8h, %[wb].16b, %[x].16b\n\t"
      "smlal %[p].8h, %[va].8b, %[y].8b\n\tsmlal2 %[q].8h, %[va].16b, %[y].16b\n\t"
      "smlal %[r].8h, %[vb].8b, %[y].8b\n\tsmlal2 %[s].8h, %[vb].16b, %[y].16b\n\t"
      "smlal %[p].8h, %[ua].8b, %[z].8b\n\tsmlal2 %[q].8h, %[ua].16b, %[z].16b\n\t"
      "smlal %[r].8h, %[ub].8b, %[z].8b\n\tsmlal2 %[s].8h, %[ub].16b, %[z].16b\n\t"
      "sadalp %[a].4s, %[p].8h\n\tsadalp %[b].4s, %[q].8h\n\t"
      "sadalp %[c].4s, %[r].8h\n\tsadalp %[d].4s, %[s].8h"
      : [p] "=&w"(p), [q] "=&w"(q), [r] "=&w"(r), [s] "=&w"(s), [a] "+w"(sums[0][0]),
        [b] "+w"(sums[0][1]), [c] "+w"(sums[1][0]), [d] "+w"(sums[1][1])
      : [wa] "w"(w[0].a), [wb] "w"(w[0].b), [va] "w"(w[1].a), [vb] "w"(w[1].b), [ua] "w"(w[2].a),
        [ub] "w"(w[2].b), [x] "w"(x.a), [y] "w"(x.b), [z] "w"(x.c));
}
/// Products side by side.
inline void addPairs(const Products& p, int32x4_t (&sum)[2]) {
  __asm__ volatile("sadalp %0.4s, %1.8h" : "+w"(sum[0]) : "w"(p.low));
  __asm__ volatile("sadalp %0.4s, %1.8h" : "+w"(sum[1]) : "w"(p.high));
}
/// Each product to a sum of its own.
inline void addEach(const Products& p, const Sums& from, Sums& to) {
  __asm__ volatile("saddw %0.4s, %1.4s, %2.4h" : "=w"(to.a) : "w"(from.a), "w"(p.low));
  __asm__ volatile("saddw2 %0.4s, %1.4s, %2.8h" : "=w"(to.b) : "w"(from.b), "w"(p.low));
  __asm__ volatile("saddw %0.4s, %1.4s, %2.4h" : "=w"(to.c) : "w"(from.c), "w"(p.high));
  __asm__ volatile("saddw2 %0.4s, %1.4s, %2.8h" : "=w"(to.d) : "w"(from.d), "w"(p.high));
}
inline int32x4_t pairsTogether(int32x4_t a, int32x4_t b) { return vpaddq_s32(a, b); }
#else
template <int kOffset>
inline void loadTwo(const int32_t* from, int32x4_t& a, int32x4_t& b) {
  a = vld1q_s32(from + kOffset / 4), b = vld1q_s32(from + kOffset / 4 + 4);
}
template <int kOffset>
inline TwoVectors loadTwo(const int8_t* from) {
  return {vld1q_s8(from + kOffset), vld1q_s8(from + kOffset + 16)};
}
template <int kStep>
inline TwoVectors loadTwoThen(const int8_t*& from) {
  const TwoVectors two = loadTwo<0>(from);
  from += kStep;
  return two;
}
template <bool>
inline TwoVectors loadSteps(const uint8_t*& from) {
  const auto* words = reinterpret_cast<const int32_t*>(from);
  from += 8;
  return {vreinterpretq_s8_s32(vld1q_dup_s32(words)),
          vreinterpretq_s8_s32(vld1q_dup_s32(words + 1))};
}
template <bool>
inline ThreeVectors loadThree(const uint8_t*& from) {
  const auto* words = reinterpret_cast<const int32_t*>(from);
  from += 12;
  return {vreinterpretq_s8_s32(vld1q_dup_s32(words)),
          vreinterpretq_s8_s32(vld1q_dup_s32(words + 1)),
          vreinterpretq_s8_s32(vld1q_dup_s32(words + 2))};
}
inline Products products(int8x16_t w, int8x16_t x) {
  return {vmull_s8(vget_low_s8(w), vget_low_s8(x)), vmull_s8(vget_high_s8(w), vget_high_s8(x))};
}
inline void addProducts(int8x16_t w, int8x16_t x, Products& p) {
  p.low = vmlal_s8(p.low, vget_low_s8(w), vget_low_s8(x));
  p.high = vmlal_s8(p.high, vget_high_s8(w), vget_high_s8(x));
}
inline void addPairs(const Products& p, int32x4_t (&sum)[2]) {
  sum[0] = vpadalq_s16(sum[0], p.low), sum[1] = vpadalq_s16(sum[1], p.high);
}
inline void addSteps(const TwoVectors (&w)[2], const TwoVectors& x, int32x4_t (&sums)[2][2]) {
  Products a = products(w[0].a, x.a), b = products(w[0].b, x.a);
  addProducts(w[1].a, x.b, a), addProducts(w[1].b, x.b, b);
  addPairs(a, sums[0]), addPairs(b, sums[1]);
}
inline void addSteps(const TwoVectors (&w)[3], const ThreeVectors& x, int32x4_t (&sums)[2][2]) {
  Products a = products(w[0].a, x.a), b = products(w[0].b, x.a);
  addProducts(w[1].a, x.b, a), addProducts(w[1].b, x.b, b);
  addProducts(w[2].a, x.c, a), addProducts(w[2].b, x.c, b);
  addPairs(a, sums[0]), addPairs(b, sums[1]);
}
inline void addEach(const Products& p, const Sums& from, Sums& to) {
  to.a = vaddw_s16(from.a, vget_low_s16(p.low));
  to.b = vaddw_s16(from.b, vget_high_s16(p.low));
  to.c = vaddw_s16(from.c, vget_low_s16(p.high));
  to.d = vaddw_s16(from.d, vget_high_s16(p.high));
}
inline int32x4_t pairsTogether(int32x4_t a, int32x4_t b) {
  return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)),
                      vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
}
#endif

}  // namespace minnow::kernels::simd
#endif
