// Highway's vocabulary in GLSL ES 3.1, for vectors of 4 floats: what kernels/elementary.inc is written
// in. Multiply-adds may round twice here, and division and square root as the device likes.
precision highp float;
precision highp int;
layout(local_size_x = 64) in;

#define V vec4
#define D int
const int kLanes = 4;
#define in in_  // members of geometry may be called so
#define out out_
#define const  // of a local variable: in GLSL its value would have to be known to the compiler
#define INFINITY uintBitsToFloat(0x7F800000u)
#define NAN uintBitsToFloat(0x7FC00000u)

// Buffers, by the places of a kernel's pointers, and where each pointer points.
#define FLOATS(place, Block, name) layout(std430, binding = place) buffer Block { float name[]; };
#define VECTORS(place, Block, name) layout(std430, binding = place) buffer Block { vec4 name[]; };
#define INTS(place, Block, name) layout(std430, binding = place) buffer Block { int name[]; };
uniform int at[4];

// Tensors and constant weights as they are stored: floats, or with -D HALF=1 halves, two in a word. What
// is computed is of 32 bits, and so is a workspace. A word's halves may be two work-items': each changes
// its own, atomically, which costs nothing where one has both. From 65520 on a half is infinity.
// With -D KEPT=… those constants are floats nevertheless whose places have bits in it.
#ifndef HALF
#define HALF 0
#endif
#ifndef KEPT
#define KEPT 0
#endif
#if HALF
#define TENSOR(place, Block, name) layout(std430, binding = place) buffer Block { uint name[]; };
#define WEIGHTS(place, Block, name) layout(std430, binding = place) buffer Block { uvec2 name[]; };
#define AT(from, i) unpackHalf2x16(from[(i) >> 1])[(i) & 1]
#define WEIGHT(from, i) V(unpackHalf2x16(from[i].x), unpackHalf2x16(from[i].y))
uint halvesOf(vec2 v) {
  return packHalf2x16(mix(v, sign(v) * INFINITY, greaterThanEqual(abs(v), vec2(65520.0))));
}
#define STORE_ONE(to, i, value)                                                     \
  {                                                                                 \
    int at_ = i, shift_ = (at_ & 1) << 4;                                           \
    uint half_ = halvesOf(vec2(value, 0.0)) & 0xFFFFu;                              \
    atomicXor(to[at_ >> 1], ((to[at_ >> 1] >> shift_ & 0xFFFFu) ^ half_) << shift_); \
  }
#else
#define TENSOR FLOATS
#define WEIGHTS VECTORS
#define AT(from, i) from[i]
#define WEIGHT(from, i) from[i]
#define STORE_ONE(to, i, value) to[i] = value;
#endif

// The number of this work-item. Groups stand in rows: along one axis a device counts to 65535 only.
int workItem() {
  uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
  return int(group * gl_WorkGroupSize.x + gl_LocalInvocationID.x);
}

// The CPU's arithmetic takes numbers below 2^-126 for 0, and gives 0 for them. So does this one, but
// for what comes up in the midst of a long sum.
V flush(V x) {
  uvec4 bits = floatBitsToUint(x);
  return mix(x, uintBitsToFloat(bits & 0x80000000u), equal(bits & 0x7F800000u, uvec4(0)));
}

V Set(D d, float x) { return V(x); }
V Add(V a, V b) { return flush(flush(a) + flush(b)); }
V Sub(V a, V b) { return flush(flush(a) - flush(b)); }
V Mul(V a, V b) { return flush(flush(a) * flush(b)); }
V MulAdd(V a, V b, V c) { return flush(flush(a) * flush(b) + flush(c)); }
V NegMulAdd(V a, V b, V c) { return flush(flush(c) - flush(a) * flush(b)); }
V Neg(V a) { return uintBitsToFloat(floatBitsToUint(a) ^ 0x80000000u); }
V Abs(V a) { return uintBitsToFloat(floatBitsToUint(a) & 0x7FFFFFFFu); }
V CopySign(V a, V from) {
  return uintBitsToFloat((floatBitsToUint(a) & 0x7FFFFFFFu) |
                         (floatBitsToUint(from) & 0x80000000u));
}
bvec4 Lt(V a, V b) { return lessThan(flush(a), flush(b)); }
bvec4 Le(V a, V b) { return lessThanEqual(flush(a), flush(b)); }
bvec4 Gt(V a, V b) { return greaterThan(flush(a), flush(b)); }
bvec4 Eq(V a, V b) { return equal(flush(a), flush(b)); }
// By its bits: a device need not know what is no number.
bvec4 IsNaN(V a) { return greaterThan(floatBitsToUint(Abs(a)), uvec4(0x7F800000u)); }
V IfThenElse(bvec4 condition, V a, V b) { return mix(b, a, condition); }
V exactDivide(D d, V a, V b) { return flush(flush(a) / flush(b)); }
V exactSqrt(D d, V a) { return sqrt(flush(a)); }
V addToExponent(D d, V x, V rounded) {
  return intBitsToFloat(floatBitsToInt(x) + (floatBitsToInt(rounded) << 23));
}
ivec4 logExponentBits(V x) { return (floatBitsToInt(x) - 0x3F3504F3) >> 23; }
V exponentForLog(D d, V x) { return V(logExponentBits(x)); }
V mantissaForLog(D d, V x) {
  return intBitsToFloat(floatBitsToInt(x) - (logExponentBits(x) << 23));
}

struct Function {
  float alpha, beta;
};
#define MINNOW_INLINE
#define MINNOW_RELAXED 0
#define MINNOW_KEEPS_SECOND 0
#define MINNOW_ELEMENTARY
#define MINNOW_FUNCTION(name) V name(Function f, D d, V x)
#define MINNOW_EVALUATE(name, alpha, beta, d, x) name(Function(float(alpha), float(beta)), d, x)

// Elements `step` from one to the next, of which `count` are there; the last stands for those that are
// not. Without a branch: a compiler has enough to do with the kernels that load a lot.
#define LOAD_FLOATS(from, first, step, count)                                       \
  V(from[first], from[(first) + min(1, (count) - 1) * (step)],                      \
    from[(first) + min(2, (count) - 1) * (step)], from[(first) + min(3, (count) - 1) * (step)])
#define LOAD(from, first, step, count)                                              \
  V(AT(from, first), AT(from, (first) + min(1, (count) - 1) * (step)),              \
    AT(from, (first) + min(2, (count) - 1) * (step)),                               \
    AT(from, (first) + min(3, (count) - 1) * (step)))
// A work-item that has both halves of a word writes it as it is.
#if HALF
#define IS_WHOLE(first, step, count) ((step) == 1 && (count) > 3 && ((first) & 1) == 0)
#define STORE_WORDS(to, first, stored)       \
  to[(first) >> 1] = halvesOf(stored.xy);    \
  to[((first) >> 1) + 1] = halvesOf(stored.zw);
#else
#define IS_WHOLE(first, step, count) false
#define STORE_WORDS(to, first, stored)
#endif
#define STORE(value, to, first, step, count)                         \
  {                                                                  \
    V stored = value;                                                \
    if (IS_WHOLE(first, step, count)) {                              \
      STORE_WORDS(to, first, stored)                                 \
    } else {                                                         \
      STORE_ONE(to, first, stored.x)                                 \
      if ((count) > 1) STORE_ONE(to, (first) + (step), stored.y)     \
      if ((count) > 2) STORE_ONE(to, (first) + 2 * (step), stored.z) \
      if ((count) > 3) STORE_ONE(to, (first) + 3 * (step), stored.w) \
    }                                                                \
  }
