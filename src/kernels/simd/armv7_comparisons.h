// Comparisons of NEON's floats on ARMv7. g++'s arm_neon.h writes them as comparisons of vectors,
// which the compiler takes apart into scalar ones, each with a transfer of flags, because NEON
// flushes denormals; so does a session (base/threads.h). CMakeLists.txt includes this before every
// file of the room, so that whatever Highway makes of comparisons is one instruction.
#pragma once

#include <arm_neon.h>

#if defined(__GNUC__) && !defined(__clang__)

#define MINNOW_NEON_COMPARISON(name, instruction)                                               \
  static inline __attribute__((always_inline)) uint32x4_t minnow_##name##q_f32(float32x4_t a,   \
                                                                               float32x4_t b) { \
    uint32x4_t mask;                                                                            \
    asm(instruction " %q0, %q1, %q2" : "=w"(mask) : "w"(a), "w"(b));                            \
    return mask;                                                                                \
  }                                                                                             \
  static inline __attribute__((always_inline)) uint32x2_t minnow_##name##_f32(float32x2_t a,    \
                                                                              float32x2_t b) {  \
    uint32x2_t mask;                                                                            \
    asm(instruction " %P0, %P1, %P2" : "=w"(mask) : "w"(a), "w"(b));                            \
    return mask;                                                                                \
  }
MINNOW_NEON_COMPARISON(vcgt, "vcgt.f32")
MINNOW_NEON_COMPARISON(vcge, "vcge.f32")
#undef MINNOW_NEON_COMPARISON

#define vcgtq_f32(a, b) minnow_vcgtq_f32(a, b)
#define vcgt_f32(a, b) minnow_vcgt_f32(a, b)
#define vcgeq_f32(a, b) minnow_vcgeq_f32(a, b)
#define vcge_f32(a, b) minnow_vcge_f32(a, b)
#define vcltq_f32(a, b) minnow_vcgtq_f32(b, a)
#define vclt_f32(a, b) minnow_vcgt_f32(b, a)
#define vcleq_f32(a, b) minnow_vcgeq_f32(b, a)
#define vcle_f32(a, b) minnow_vcge_f32(b, a)

#endif
