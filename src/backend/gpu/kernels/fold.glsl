// Reductions, and what normalises by them, as fold.cl has it: with STRIPED a work-item folds one set of
// elements, 4 neighbours at a time, else the sets of 4 neighbouring results. Sums are of blocks of 512.
#define kY 0
#define kX 1
#define kScale 2
#define kBias 3

TENSOR(0, X, x)
#if defined(KERNEL_layer) || defined(KERNEL_group)
TENSOR(1, Scale, scale)
TENSOR(2, Bias, bias)
TENSOR(3, Y, y)
#define Y_AT at[3]
#elif defined(KERNEL_argReduce)
INTS(1, Y, y)
#define Y_AT at[1]
#else
TENSOR(1, Y, y)
#define Y_AT at[1]
#endif

// Of a work-item's results: how many, and how far the first is from each operand's beginning.
int there;
int places[4];

void enter(int i) {
  int last = g.resultRank - 1, first = i % g.blocks * (STRIPED == 1 ? 1 : kLanes);
  there = STRIPED == 1 ? 1 : min(kLanes, g.resultExtent[last] - first);
  for (int o = 0; o < 4; ++o) places[o] = first * g.results[o][last];
  i /= g.blocks;
  for (int axis = last - 1; axis >= 0; i /= g.resultExtent[axis--])
    for (int o = 0; o < 4; ++o) places[o] += i % g.resultExtent[axis] * g.results[o][axis];
}

// How far element i of a set, or its last one, is from the operand's beginning.
int element(int operand, int i) {
  int distance = places[operand];
  i = min(i, g.count - 1);
  for (int axis = 7; axis > 0; --axis) {  // so that it is unrolled
    if (axis >= g.rank) continue;
    distance += i % g.extent[axis] * g.strides[operand][axis];
    i /= g.extent[axis];
  }
  return distance + i * g.strides[operand][0];
}

#if STRIPED
#define kStep kLanes
/// 4 elements of the set from i on.
#define GET(from, begin, operand, i)                                            \
  V(AT(from, begin + element(operand, i)), AT(from, begin + element(operand, (i) + 1)), \
    AT(from, begin + element(operand, (i) + 2)), AT(from, begin + element(operand, (i) + 3)))
#define PUT(value, i)                                                \
  {                                                                  \
    V stored = value;                                                \
    for (int l = 0; l < kLanes; ++l)                                 \
      if ((i) + l < g.count) STORE_ONE(y, Y_AT + element(kY, (i) + l), stored[l]) \
  }
bvec4 isThere(int i) { return lessThan(ivec4(0, 1, 2, 3) + i, ivec4(g.count)); }
#else
#define kStep 1
/// Element i of each of the sets.
#define GET(from, begin, operand, i) \
  LOAD(from, begin + element(operand, i), g.results[operand][g.resultRank - 1], there)
#define PUT(value, i) STORE(value, y, Y_AT + element(kY, i), g.results[kY][g.resultRank - 1], there)
bvec4 isThere(int i) { return bvec4(true); }
#endif
#define GET_X(i) GET(x, at[0], kX, i)

/// name(by): all elements of a set by step(partial, element, by) from `start`.
#define FOLD(name, start, step, join)                          \
  V name(V by) {                                               \
    V whole = V(start), partial = V(start);                    \
    int chain = 0;                                             \
    for (int i = 0; i < g.count; i += kStep) {                 \
      V value = GET_X(i);                                      \
      V next = step(partial, value, by);                       \
      partial = IfThenElse(isThere(i), next, partial);         \
      if (++chain < 512) continue;                             \
      whole = join(whole, partial);                            \
      partial = V(start);                                      \
      chain = 0;                                               \
    }                                                          \
    whole = join(whole, partial);                              \
    if (STRIPED == 0) return whole;                            \
    whole = join(whole, whole.zwzw);                           \
    return V(join(whole, whole.yyyy).x);                       \
  }

#define ADD(sum, v, by) Add(sum, v)
#define ADD_SQUARE(sum, v, by) MulAdd(v, v, sum)
#define ADD_DEVIATION(sum, v, by) MulAdd(Sub(v, by), Sub(v, by), sum)
#define ADD_MAGNITUDE(sum, v, by) Add(sum, Abs(v))
#define ADD_EXPONENTIAL(sum, v, by) Add(sum, exponential(0, Sub(v, by)))
#define MULTIPLY(product, v, by) Mul(product, v)
#define GREATER(most, v, by) greater(most, v)
#define SMALLER(least, v, by) smaller(least, v)

// A NaN takes part as the greatest and as the least of numbers.
V greater(V a, V b) {
  return IfThenElse(IsNaN(a), a, IfThenElse(IsNaN(b), b, IfThenElse(Gt(b, a), b, a)));
}
V smaller(V a, V b) {
  return IfThenElse(IsNaN(a), a, IfThenElse(IsNaN(b), b, IfThenElse(Lt(b, a), b, a)));
}
/// Both NaN, or equal: 1, else 0.
ivec4 same(V a, V b) { return max(ivec4(Eq(a, b)), ivec4(IsNaN(a)) * ivec4(IsNaN(b))); }

FOLD(sumOf, 0.0, ADD, Add)
FOLD(squaresOf, 0.0, ADD_SQUARE, Add)
FOLD(deviationsOf, 0.0, ADD_DEVIATION, Add)
FOLD(magnitudesOf, 0.0, ADD_MAGNITUDE, Add)
FOLD(exponentialsOf, 0.0, ADD_EXPONENTIAL, Add)
FOLD(productOf, 1.0, MULTIPLY, Mul)
FOLD(greatestOf, -INFINITY, GREATER, greater)
FOLD(smallestOf, INFINITY, SMALLER, smaller)

// Reduce: -D REDUCE=Sum … --------------------------------------------------------------------------

#define OF(fold) fold(V(0))
#define ReduceSum OF(sumOf)
#define ReduceMean exactDivide(0, OF(sumOf), V(g.number))
#define ReduceMax Add(OF(greatestOf), V(0))
#define ReduceMin Add(OF(smallestOf), V(0))
#define ReduceProd OF(productOf)
#define ReduceL1 OF(magnitudesOf)
#define ReduceL2 exactSqrt(0, OF(squaresOf))
#define ReduceLogSum logarithm(0, OF(sumOf))
#define ReduceLogSumExp logSumExp()
#define ReduceSumSquare OF(squaresOf)
// Of LayerNormalization: -D CENTRED=0 or 1.
#ifndef CENTRED
#define CENTRED 1
#endif
#define ReduceCentre (CENTRED == 1 ? ReduceMean : V(0))
#define ReduceInverse inverseOf(ReduceCentre)

V logSumExp() {
  V most = Add(greatestOf(V(0)), V(0));
  V sum = Add(logarithm(0, exponentialsOf(most)), most);
  return IfThenElse(equal(floatBitsToUint(Abs(most)), uvec4(0x7F800000u)), most, sum);
}

V varianceOf(V mean) { return exactDivide(0, deviationsOf(mean), V(g.number)); }
V inverseOf(V mean) {
  return exactDivide(0, V(1), exactSqrt(0, Add(varianceOf(mean), V(g.epsilon))));
}

#ifdef KERNEL_reduce
void reduce(int i) {
  enter(i);
  STORE(REDUCE, y, Y_AT + places[kY], g.results[kY][g.resultRank - 1], there)
}
#endif

// Softmax and its kin ------------------------------------------------------------------------------

#ifdef KERNEL_softmax
void softmax(int i) {
  enter(i);
  V most = ReduceMax, inverse = exactDivide(0, V(1), exponentialsOf(most));
  for (int k = 0; k < g.count; k += kStep)
    PUT(Mul(exponential(0, Sub(GET_X(k), most)), inverse), k)
}
#endif

#ifdef KERNEL_logSoftmax
void logSoftmax(int i) {
  enter(i);
  V most = ReduceMax, logOfSum = logarithm(0, exponentialsOf(most));
  for (int k = 0; k < g.count; k += kStep) PUT(Sub(Sub(GET_X(k), most), logOfSum), k)
}
#endif

#ifdef KERNEL_hardmax
// 1 for the first of the greatest.
void hardmax(int i) {
  enter(i);
  V most = ReduceMax;
  ivec4 found = ivec4(0);
  for (int k = 0; k < g.count; k += kStep) {
    ivec4 first = same(GET_X(k), most) * ivec4(isThere(k));
    if (STRIPED == 1)
      for (int l = 0; l < kLanes; ++l) first[l] *= 1 - found.x, found.x = max(found.x, first[l]);
    else
      first *= 1 - found, found = max(found, first);
    PUT(V(first), k)
  }
}
#endif

#ifdef KERNEL_argReduce
// ArgMax and ArgMin: -D BEATS=Gt or Lt, -D LAST=0 or 1; the place is an integer of 64 bits.
void argReduce(int i) {
  enter(i);
  V best = GET_X(0);
  ivec4 where = ivec4(0);
  for (int k = 1; k < g.count; ++k) {
    V v = GET_X(k);
    ivec4 better = max(ivec4(BEATS(v, best)), ivec4(IsNaN(v)) * (1 - ivec4(IsNaN(best))));
    if (LAST == 1) better = max(better, same(v, best));
    best = IfThenElse(equal(better, ivec4(1)), v, best);
    where = better * k + (1 - better) * where;
  }
  int to = Y_AT + places[kY], step = g.results[kY][g.resultRank - 1];
  for (int l = 0; l < there; ++l) y[to + l * step] = where[l], y[to + l * step + 1] = 0;
}
#endif

// Normalisation by mean and deviation --------------------------------------------------------------

#ifdef KERNEL_layer
// Scale and bias vary along a set, or along results, or both. -D BIAS=0 where there is none.
void layer(int i) {
  enter(i);
  V mean = ReduceCentre, inverse = inverseOf(mean);
  for (int k = 0; k < g.count; k += kStep) {
    V unit = Mul(Sub(GET_X(k), mean), inverse), by = GET(scale, at[1], kScale, k);
    V added = V(0);
    if (BIAS == 1) added = GET(bias, at[2], kBias, k);
    PUT((BIAS == 1 ? MulAdd(unit, by, added) : Mul(unit, by)), k)
  }
}
#endif

#ifdef KERNEL_group
void group(int i) {
  enter(i);
  V mean = ReduceMean, deviation = exactSqrt(0, Add(varianceOf(mean), V(g.epsilon)));
  for (int k = 0; k < g.count; k += kStep) {
    V by = exactDivide(0, GET(scale, at[1], kScale, k), deviation);
    PUT(MulAdd(Sub(GET_X(k), mean), by, GET(bias, at[2], kBias, k)), k)
  }
}
#endif

#ifdef KERNEL_meanVariance
void meanVariance(int i) {
  enter(i);
  V mean = ReduceMean, deviation = Add(exactSqrt(0, varianceOf(mean)), V(1e-9));
  for (int k = 0; k < g.count; k += kStep) PUT(exactDivide(0, Sub(GET_X(k), mean), deviation), k)
}
#endif

#ifdef KERNEL_norm
// Division by a norm: -D REDUCE=ReduceL1 or ReduceL2.
void norm(int i) {
  enter(i);
  V by = REDUCE;
  for (int k = 0; k < g.count; k += kStep)
    PUT(IfThenElse(Eq(by, V(0)), V(0), exactDivide(0, GET_X(k), by)), k)
}
#endif
