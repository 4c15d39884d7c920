// Sums of four rows by eight columns with AArch64's NEON, in assembly: of 32 registers none is left, and compilers copy some
// from loop to loop.
#pragma once

#if defined(__aarch64__)
#include <arm_neon.h>

#include <cstdint>

#include "kernels/simd/byte_tile.h"

namespace minnow::kernels::simd {

// Sums are v0 to v15, four a row: of each of eight columns two lanes, which are added in the end. Weights of a step are two
// registers of v16 to v21, its four bytes of x all lanes of one of v26 to v31. Eight products each of 16 bits are v22 to
// v25, added over two steps or three: 56 instructions are two steps, 48 of which multiply or add; 73 are three, where
// products fit, 64 of which do.
#define MINNOW_PRODUCTS(op, a, b, x)                                                            \
  op " v22.8h, " a ".8b, " x ".8b\n\t" op "2 v23.8h, " a ".16b, " x ".16b\n\t" op " v24.8h, " b \
     ".8b, " x ".8b\n\t" op "2 v25.8h, " b ".16b, " x ".16b\n\t"
#define MINNOW_ADD_PAIRS(a, b, c, d)                                                           \
  "sadalp " a ".4s, v22.8h\n\tsadalp " b ".4s, v23.8h\n\tsadalp " c ".4s, v24.8h\n\tsadalp " d \
  ".4s, v25.8h\n\t"
#define MINNOW_TWO(x, y, ...)               \
  MINNOW_PRODUCTS("smull", "v16", "v17", x) \
  MINNOW_PRODUCTS("smlal", "v18", "v19", y) MINNOW_ADD_PAIRS(__VA_ARGS__)
#define MINNOW_THREE(x, y, z, ...)          \
  MINNOW_PRODUCTS("smull", "v16", "v17", x) \
  MINNOW_PRODUCTS("smlal", "v18", "v19", y) \
  MINNOW_PRODUCTS("smlal", "v20", "v21", z) MINNOW_ADD_PAIRS(__VA_ARGS__)

/// Adds the products of four rows, which begin at `x`, with weights from `w` to `end`, run after run, to what `start` has, a
/// zero beside each number.
[[gnu::always_inline]] inline void sumLot(const uint8_t* const (&x)[4], const int8_t* w,
                                          const int8_t* end, const StepRun* run,
                                          const int32_t* start, int32x4_t (&sums)[4][2]) {
  register int32x4_t s0 __asm__("v0");
  register int32x4_t s1 __asm__("v1");
  register int32x4_t s2 __asm__("v2");
  register int32x4_t s3 __asm__("v3");
  register int32x4_t s4 __asm__("v4");
  register int32x4_t s5 __asm__("v5");
  register int32x4_t s6 __asm__("v6");
  register int32x4_t s7 __asm__("v7");
  const uint8_t *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
  int64_t threes, others;
  __asm__ volatile(
      "ldp q0, q1, [%[start]]\n\t"
      "ldp q2, q3, [%[start], #32]\n\t"
      "mov v4.16b, v0.16b\n\tmov v5.16b, v1.16b\n\tmov v6.16b, v2.16b\n\tmov v7.16b, v3.16b\n\t"
      "mov v8.16b, v0.16b\n\tmov v9.16b, v1.16b\n\tmov v10.16b, v2.16b\n\tmov v11.16b, v3.16b\n\t"
      "mov v12.16b, v0.16b\n\tmov v13.16b, v1.16b\n\tmov v14.16b, v2.16b\n\tmov v15.16b, v3.16b\n\t"
      // A run.
      "0:\n\t"
      "ldp %w[threes], %w[others], [%[run]], #8\n\t"
      "cbz %w[threes], 2f\n\t"
      // Three steps; what is loaded of x waits for a row to be computed.
      "1:\n\t"
      "ldp q16, q17, [%[w]], #64\n\t"
      "ld3r {v26.4s, v27.4s, v28.4s}, [%[x0]], #12\n\t"
      "ldp q18, q19, [%[w]], #64\n\t"
      "ldp q20, q21, [%[w]], #64\n\t"
      "ld3r {v29.4s, v30.4s, v31.4s}, [%[x1]], #12\n\t"
      MINNOW_THREE("v26", "v27", "v28", "v0", "v1", "v2", "v3")
      "ld3r {v26.4s, v27.4s, v28.4s}, [%[x2]], #12\n\t"
      MINNOW_THREE("v29", "v30", "v31", "v4", "v5", "v6", "v7")
      "ld3r {v29.4s, v30.4s, v31.4s}, [%[x3]], #12\n\t"
      "subs %w[threes], %w[threes], #1\n\t"
      MINNOW_THREE("v26", "v27", "v28", "v8", "v9", "v10", "v11")
      MINNOW_THREE("v29", "v30", "v31", "v12", "v13", "v14", "v15")
      "b.ne 1b\n"
      // Others, by twos.
      "2:\n\t"
      "subs %w[others], %w[others], #2\n\t"
      "b.lt 4f\n"
      "3:\n\t"
      "ldp q16, q17, [%[w]], #64\n\t"
      "ld2r {v28.4s, v29.4s}, [%[x0]], #8\n\t"
      "ldp q18, q19, [%[w]], #64\n\t"
      "ld2r {v30.4s, v31.4s}, [%[x1]], #8\n\t"
      MINNOW_TWO("v28", "v29", "v0", "v1", "v2", "v3")
      "ld2r {v28.4s, v29.4s}, [%[x2]], #8\n\t"
      MINNOW_TWO("v30", "v31", "v4", "v5", "v6", "v7")
      "ld2r {v30.4s, v31.4s}, [%[x3]], #8\n\t"
      "subs %w[others], %w[others], #2\n\t"
      MINNOW_TWO("v28", "v29", "v8", "v9", "v10", "v11")
      MINNOW_TWO("v30", "v31", "v12", "v13", "v14", "v15")
      "b.ge 3b\n"
      "4:\n\t"
      "tbz %w[others], #0, 5f\n\t"
      // The last, whose number is odd.
      "ldp q16, q17, [%[w]], #64\n\t"
      "ld1r {v28.4s}, [%[x0]], #4\n\t"
      "ld1r {v29.4s}, [%[x1]], #4\n\t"
      "ld1r {v30.4s}, [%[x2]], #4\n\t"
      "ld1r {v31.4s}, [%[x3]], #4\n\t"
      MINNOW_PRODUCTS("smull", "v16", "v17", "v28") MINNOW_ADD_PAIRS("v0", "v1", "v2", "v3")
      MINNOW_PRODUCTS("smull", "v16", "v17", "v29") MINNOW_ADD_PAIRS("v4", "v5", "v6", "v7")
      MINNOW_PRODUCTS("smull", "v16", "v17", "v30") MINNOW_ADD_PAIRS("v8", "v9", "v10", "v11")
      MINNOW_PRODUCTS("smull", "v16", "v17", "v31") MINNOW_ADD_PAIRS("v12", "v13", "v14", "v15")
      "5:\n\t"
      "cmp %[w], %[end]\n\t"
      "b.ne 0b\n\t"
      "addp v0.4s, v0.4s, v1.4s\n\taddp v1.4s, v2.4s, v3.4s\n\t"
      "addp v2.4s, v4.4s, v5.4s\n\taddp v3.4s, v6.4s, v7.4s\n\t"
      "addp v4.4s, v8.4s, v9.4s\n\taddp v5.4s, v10.4s, v11.4s\n\t"
      "addp v6.4s, v12.4s, v13.4s\n\taddp v7.4s, v14.4s, v15.4s"
      : "=w"(s0), "=w"(s1), "=w"(s2), "=w"(s3), "=w"(s4), "=w"(s5), "=w"(s6), "=w"(s7),
        [x0] "+&r"(x0), [x1] "+&r"(x1), [x2] "+&r"(x2), [x3] "+&r"(x3), [w] "+&r"(w),
        [run] "+&r"(run), [threes] "=&r"(threes), [others] "=&r"(others)
      : [end] "r"(end), [start] "r"(start)
      : "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20",
        "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc",
        "memory");
  sums[0][0] = s0, sums[0][1] = s1, sums[1][0] = s2, sums[1][1] = s3;
  sums[2][0] = s4, sums[2][1] = s5, sums[3][0] = s6, sums[3][1] = s7;
}

#undef MINNOW_THREE
#undef MINNOW_TWO
#undef MINNOW_ADD_PAIRS
#undef MINNOW_PRODUCTS

}  // namespace minnow::kernels::simd
#endif
