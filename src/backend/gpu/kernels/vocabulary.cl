// Highway's vocabulary in OpenCL C, for vectors of 16 floats: what kernels/elementary.inc is written
// in. A work-item computes 16 neighbouring elements; the device's compiler makes of them what it has.
#pragma OPENCL FP_CONTRACT OFF

typedef float16 V;
typedef int D;
enum { kLanes = 16 };

// The CPU's arithmetic takes numbers below 2^-126 for 0, and gives 0 for them. So do devices that
// grant -cl-denorms-are-zero. KEEPS_TINY is 1 for one that does not: there this does it, but for what
// comes up in the midst of a long sum.
static V flush(V x) {
  const int16 bits = as_int16(x);
  return KEEPS_TINY ? as_float16((bits & 0x7F800000) == 0 ? bits & (int)0x80000000 : bits) : x;
}

#define Set(d, x) ((V)(x))
#define Add(a, b) flush(flush(a) + flush(b))
#define Sub(a, b) flush(flush(a) - flush(b))
#define Mul(a, b) flush(flush(a) * flush(b))
#define MulAdd(a, b, c) flush(fma(flush(a), flush(b), flush(c)))
#define NegMulAdd(a, b, c) flush(fma(-flush(a), flush(b), flush(c)))
#define Neg(a) (-(a))
#define Abs(a) fabs(a)
#define CopySign(a, sign) copysign(a, sign)
#define Lt(a, b) (flush(a) < flush(b))
#define Le(a, b) (flush(a) <= flush(b))
#define Gt(a, b) (flush(a) > flush(b))
#define Eq(a, b) (flush(a) == flush(b))
#define IfThenElse(condition, a, b) ((condition) ? (a) : (b))
#define exactDivide(d, a, b) flush(flush(a) / flush(b))
#define exactSqrt(d, a) sqrt(flush(a))
#define addToExponent(d, x, rounded) as_float16(as_int16(x) + (as_int16(rounded) << 23))
#define logExponentBits(x) ((as_int16(x) - 0x3F3504F3) >> 23)
#define exponentForLog(d, x) convert_float16(logExponentBits(x))
#define mantissaForLog(d, x) as_float16(as_int16(x) - (logExponentBits(x) << 23))

typedef struct {
  float alpha, beta;
} Function;
#define MINNOW_INLINE
#define MINNOW_ELEMENTARY static
#define MINNOW_FUNCTION(name) static V evaluate##name(Function f, D d, V x)
#define MINNOW_EVALUATE(name, alpha, beta, d, x) evaluate##name((Function){alpha, beta}, d, x)

// Elements of tensors and of constant weights as they are stored, of type T: floats, or with -D HALF=1
// halves, which OpenCL reads and writes without extensions, rounds to the nearest, and to infinity from
// 65520 on. What is computed is of 32 bits, and so is a workspace.
// With -D KEPT=… those operands are floats nevertheless whose places have bits in it: constants, and
// what an application has.
#ifndef HALF
#define HALF 0
#endif
#ifndef KEPT
#define KEPT 0
#endif
#if HALF
typedef half T;
typedef ushort Bits;
#define load16(from) vload_half16(0, from)
#define loadOne(from, i) vload_half(i, from)
#define store16(value, to) vstore_half16(value, 0, to)
#define store8(value, to) vstore_half8(value, 0, to)
#define store4(value, to) vstore_half4(value, 0, to)
#define store2(value, to) vstore_half2(value, 0, to)
#define storeOne(value, to, i) vstore_half(value, i, to)
#else
typedef float T;
typedef uint Bits;
#define load16(from) get16(from)
#define loadOne(from, i) (from)[i]
#define store16(value, to) put16(value, to)
#define storeOne(value, to, i) (to)[i] = value
#endif

// -D LOOSE=1 for CPUs, whose vectors may lie anywhere: PoCL makes up to eight loads of a vload16,
// and three stores of a vstore16.
#if LOOSE
typedef struct __attribute__((packed, aligned(4))) {
  V all;
} LooseVector;
#define get16(from) (((global const LooseVector*)(from))->all)
#define put16(value, to) ((global LooseVector*)(to))->all = value
#else
#define get16(from) vload16(0, from)
#define put16(value, to) vstore16(value, 0, to)
#endif

/// The position along the innermost axis of what is left of a number of positions, and takes it off.
static int take(int* left, int extent) {
  if (extent == 1) return 0;
  const int all = *left;
  *left = all / extent;
  return all - *left * extent;
}

// Elements `step` from one to the next, of which `count` are there; the others are 0.

/// Fewer than 16 neighbours: by vectors of 8, 4 and 2, since what is stored one by one cannot be loaded as
/// a vector before all of it has been written.
static V loadRest(global const float* from, int count) {
  global const float* rest = from + (count & 8);
  const float4 four = count & 4 ? vload4(0, rest) : (float4)(0);
  rest += count & 4;
  float4 few = (float4)(count & 2 ? vload2(0, rest) : (float2)(0), 0, 0);
  const float one = count & 1 ? rest[count & 2] : 0;
  few = count & 2 ? (float4)(few.xy, one, 0) : (float4)(one, 0, 0, 0);
  const float8 last = count & 4 ? (float8)(four, few) : (float8)(few, (float4)(0));
  return count & 8 ? (V)(vload8(0, from), last) : (V)(last, (float8)(0));
}

static V loadFloats(global const float* from, int step, int count) {
  if (step == 1) return count >= kLanes ? vload16(0, from) : loadRest(from, count);
  if (step == 0) return (V)(*from);
  float lanes[kLanes];
  for (int i = 0; i < kLanes; ++i) lanes[i] = i < count ? from[i * step] : 0;
  return vload16(0, lanes);
}

#if HALF
static V load(global const T* from, int step, int count) {
  if (step == 1 && count >= kLanes) return load16(from);
  if (step == 0) return (V)(loadOne(from, 0));
  float lanes[kLanes];
  for (int i = 0; i < kLanes; ++i) lanes[i] = i < count ? loadOne(from, i * step) : 0;
  return vload16(0, lanes);
}
#else
#define load loadFloats
#endif

// name(value, to, step, count), by these stores of 16, 8, 4, 2 elements and of one.
#define STORE(name, T, put16, put8, put4, put2, putOne)                          \
  static void name(V value, global T* to, int step, int count) {                 \
    if (step != 1) {                                                             \
      float lanes[kLanes];                                                       \
      vstore16(value, 0, lanes);                                                 \
      for (int i = 0; i < kLanes && i < count; ++i) putOne(lanes[i], to, i * step); \
      return;                                                                    \
    }                                                                            \
    if (count >= kLanes) {                                                       \
      put16(value, to);                                                          \
      return;                                                                    \
    }                                                                            \
    float8 rest = value.lo;                                                      \
    if (count & 8) put8(rest, to), to += 8, rest = value.hi;                     \
    float4 few = rest.lo;                                                        \
    if (count & 4) put4(few, to), to += 4, few = rest.hi;                        \
    float2 two = few.lo;                                                         \
    if (count & 2) put2(two, to), to += 2, two = few.hi;                         \
    if (count & 1) putOne(two.x, to, 0);                                         \
  }

#define put8(value, to) vstore8(value, 0, to)
#define put4(value, to) vstore4(value, 0, to)
#define put2(value, to) vstore2(value, 0, to)
#define putOne(value, to, i) (to)[i] = value
STORE(storeFloats, float, put16, put8, put4, put2, putOne)

#if HALF
STORE(store, T, store16, store8, store4, store2, storeOne)
#else
#define store storeFloats
#endif

/// The bias of `count` channels from `first` on, none where `step` is negative; -0 becomes +0
/// (KernelArgs::bias()).
static V biasOf(global const T* from, int first, int step, int count) {
  return step < 0 ? (V)(0) : load(from + (long)first * step, step, count) + (V)(0);
}
