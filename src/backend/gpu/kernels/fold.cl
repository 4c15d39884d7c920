// Reductions, and what normalises by them, in the CPU's order of sums (ops/reduce.h). With
// -D STRIPED=1 a work-item folds one set of elements, 16 neighbours at a time into 16 partials; with
// 0 it folds the sets of 16 neighbouring results, an element of each at a time.

typedef struct {
  int items, blocks;              // blocks along the last axis of results
  int resultRank, rank;           // axes of results, axes of a set
  int resultExtent[8], results[4][8];  // strides of each operand: y, x, scale, bias
  int extent[8], strides[4][8];
  int count;                      // elements of a set
  float number, epsilon;
} Fold;
enum { kY, kX, kScale, kBias };

/// Of a work-item's results: how many, and how far the first is from each operand's beginning.
typedef struct {
  int lanes;
  long at[4];
} Place;

enum { kStep = STRIPED ? kLanes : 1 };

static Place placeOf(const Fold* g, int i) {
  const int last = g->resultRank - 1;
  Place place;
  const int first = take(&i, g->blocks) * (STRIPED ? 1 : kLanes);
  place.lanes = STRIPED ? 1 : min((int)kLanes, g->resultExtent[last] - first);
  for (int o = 0; o < 4; ++o) place.at[o] = (long)first * g->results[o][last];
  for (int axis = last - 1; axis >= 0; --axis) {
    const int at = take(&i, g->resultExtent[axis]);
    for (int o = 0; o < 4; ++o) place.at[o] += (long)at * g->results[o][axis];
  }
  return place;
}

/// How far element i of a set is from its first.
static long distanceOf(const Fold* g, int operand, int i) {
  long at = 0;
  for (int axis = g->rank - 1; axis > 0; --axis)
    at += (long)take(&i, g->extent[axis]) * g->strides[operand][axis];
  return at + (long)i * g->strides[operand][0];
}

/// Element i of each of the sets, or 16 elements of the one set from there on.
static V get(global const T* from, const Fold* g, const Place* place, int operand, int i) {
  from += place->at[operand];
  if (!STRIPED)
    return load(from + distanceOf(g, operand, i), g->results[operand][g->resultRank - 1],
                place->lanes);
  const int count = min((int)kLanes, g->count - i);
  if (g->rank == 1)
    return load(from + (long)i * g->strides[operand][0], g->strides[operand][0], count);
  float lanes[kLanes];
  for (int l = 0; l < kLanes; ++l)
    lanes[l] = l < count ? loadOne(from, distanceOf(g, operand, i + l)) : 0;
  return vload16(0, lanes);
}

static void put(V value, global T* to, const Fold* g, const Place* place, int i) {
  to += place->at[kY];
  if (!STRIPED) {
    store(value, to + distanceOf(g, kY, i), g->results[kY][g->resultRank - 1], place->lanes);
    return;
  }
  const int count = min((int)kLanes, g->count - i);
  if (g->rank == 1) {
    store(value, to + (long)i * g->strides[kY][0], g->strides[kY][0], count);
    return;
  }
  float lanes[kLanes];
  vstore16(value, 0, lanes);
  for (int l = 0; l < count; ++l) storeOne(lanes[l], to, distanceOf(g, kY, i + l));
}

/// Those of 16 elements from i on that a set has.
static int16 isThere(const Fold* g, int i) {
  const int16 lanes = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return STRIPED ? lanes < (int16)(g->count - i) : (int16)(-1);
}

/// True if the elements of the one set lie beside each other: then whole vectors are taken without asking
/// of each what it is.
static bool isDense(const Fold* g, int operand) {
  return STRIPED && g->rank == 1 && g->strides[operand][0] == 1;
}

/// name(x, g, place, by): of an operand's elements partials from `start` by step(partial, element, by), no
/// more than 512 to a block; partials and blocks joined in pairs by `join` (kernels/pairwise.h).
enum { kChain = 512, kPlaces = 22 };
#define FOLD(name, operand, start, step, join)                                            \
  static V name(global const T* x, const Fold* g, const Place* place, V by) {             \
    V blocks[kPlaces], partial = (V)(start);                                              \
    int depth = 0;                                                                        \
    uint ended = 0;                                                                       \
    const int vectors = isDense(g, operand) ? g->count / kLanes * kLanes : 0;             \
    for (int i = 0; i < g->count;) {                                                      \
      const int end = min(i + kChain * kStep, g->count), dense = min(end, vectors);       \
      for (; i < dense; i += kLanes)                                                      \
        partial = step(partial, load16(x + place->at[operand] + i), by);                  \
      for (; i < end; i += kStep) {                                                       \
        const V next = step(partial, get(x, g, place, operand, i), by);                   \
        partial = isThere(g, i) ? next : partial;                                         \
      }                                                                                   \
      if (STRIPED) {                                                                      \
        partial = join(partial, partial.s89abcdef89abcdef);                               \
        partial = join(partial, partial.s4567456745674567);                               \
        partial = join(partial, partial.s2323232323232323);                               \
        partial = join(partial, partial.s1111111111111111);                               \
      }                                                                                   \
      blocks[depth++] = partial;                                                          \
      for (uint whole = ++ended; whole % 2 == 0; whole /= 2, --depth)                     \
        blocks[depth - 2] = join(blocks[depth - 2], blocks[depth - 1]);                   \
      partial = (V)(start);                                                               \
    }                                                                                     \
    for (; depth > 1; --depth) blocks[depth - 2] = join(blocks[depth - 2], blocks[depth - 1]); \
    return STRIPED ? (V)(blocks[0].s0) : blocks[0];                                       \
  }

#define ADD(sum, v, by) Add(sum, v)
#define ADD_SQUARE(sum, v, by) MulAdd(v, v, sum)
#define ADD_DEVIATION(sum, v, by) addSquare(sum, Sub(v, by))
#define ADD_MAGNITUDE(sum, v, by) Add(sum, Abs(v))
#define ADD_EXPONENTIAL(sum, v, by) Add(sum, exponential(0, Sub(v, by)))
#define MULTIPLY(product, v, by) Mul(product, v)
#define GREATER(most, v, by) greater(most, v)
#define SMALLER(least, v, by) smaller(least, v)

static V addSquare(V sum, V v) { return MulAdd(v, v, sum); }
// A NaN takes part as the greatest and as the least of numbers.
static V greater(V a, V b) { return Gt(b, a) | ((b != b) & (a == a)) ? b : a; }
static V smaller(V a, V b) { return Lt(b, a) | ((b != b) & (a == a)) ? b : a; }

/// y = f(element) of a set of an operand.
#define MAP(from, operand, f)                                                   \
  {                                                                             \
    int i = 0;                                                                  \
    if (isDense(&g, operand) && isDense(&g, kY))                                \
      for (; i + kLanes <= g.count; i += kLanes)                                \
        store16(f(load16(from + place.at[operand] + i)), y + place.at[kY] + i); \
    for (; i < g.count; i += kStep)                                             \
      put(f(get(from, &g, &place, operand, i)), y, &g, &place, i);              \
  }

FOLD(sumOf, kX, 0, ADD, Add)
FOLD(sumOfResults, kY, 0, ADD, Add)
FOLD(squaresOf, kX, 0, ADD_SQUARE, Add)
FOLD(deviationsOf, kX, 0, ADD_DEVIATION, Add)
FOLD(magnitudesOf, kX, 0, ADD_MAGNITUDE, Add)
FOLD(exponentialsOf, kX, 0, ADD_EXPONENTIAL, Add)
FOLD(productOf, kX, 1, MULTIPLY, Mul)
FOLD(greatestOf, kX, -INFINITY, GREATER, greater)
FOLD(smallestOf, kX, INFINITY, SMALLER, smaller)

#define ENTER                                    \
  if (get_global_id(0) >= g.items) return;       \
  const Place place = placeOf(&g, get_global_id(0)); \
  x += xAt, y += yAt;                            \
  const V none = 0;

// Reduce: -D REDUCE=Sum … --------------------------------------------------------------------------

#define OF(fold) fold(x, &g, &place, none)
#define ReduceSum OF(sumOf)
#define ReduceMean exactDivide(0, OF(sumOf), (V)(g.number))
#define ReduceMax Add(OF(greatestOf), none)
#define ReduceMin Add(OF(smallestOf), none)
#define ReduceProd OF(productOf)
#define ReduceL1 OF(magnitudesOf)
#define ReduceL2 exactSqrt(0, OF(squaresOf))
#define ReduceLogSum logarithm(0, OF(sumOf))
#define ReduceLogSumExp logSumExp(x, &g, &place)
#define ReduceSumSquare OF(squaresOf)
// Of LayerNormalization: -D CENTRED=0 or 1.
#define ReduceCentre (CENTRED ? ReduceMean : none)
#define ReduceInverse inverseOf(x, &g, &place, ReduceCentre)
#ifndef CENTRED
#define CENTRED 1
#endif

static V logSumExp(global const T* x, const Fold* g, const Place* place) {
  const V most = Add(greatestOf(x, g, place, (V)(0)), (V)(0));
  const V sum = Add(logarithm(0, exponentialsOf(x, g, place, most)), most);
  return fabs(most) == (V)(INFINITY) ? most : sum;
}

static V varianceOf(global const T* x, const Fold* g, const Place* place, V mean) {
  return exactDivide(0, deviationsOf(x, g, place, mean), (V)(g->number));
}
static V inverseOf(global const T* x, const Fold* g, const Place* place, V mean) {
  const V deviation = exactSqrt(0, Add(varianceOf(x, g, place, mean), (V)(g->epsilon)));
  return exactDivide(0, (V)(1), deviation);
}

#ifdef REDUCE
kernel void reduce(global const T* x, global T* y, long4 places, Fold g) {
  long xAt = places.x, yAt = places.y;
  ENTER
  store(REDUCE, y + place.at[kY], g.results[kY][g.resultRank - 1], place.lanes);
}
#endif

// Softmax and its kin ------------------------------------------------------------------------------

kernel void softmax(global const T* x, global T* y, long4 places, Fold g) {
  long xAt = places.x, yAt = places.y;
  ENTER
  const V most = Add(OF(greatestOf), none);
#define POWER(v) exponential(0, Sub(v, most))
#define SHARE(v) Mul(v, inverse)
#define SHARE_OF_POWER(v) SHARE(POWER(v))
#if HALF
  const V inverse = exactDivide(0, (V)(1), exponentialsOf(x, &g, &place, most));
  MAP(x, kX, SHARE_OF_POWER)
#else  // exponentials lie there for the sum and are not computed again
  MAP(x, kX, POWER)
  const V inverse = exactDivide(0, (V)(1), sumOfResults(y, &g, &place, none));
  MAP(y, kY, SHARE)
#endif
}

kernel void logSoftmax(global const T* x, global T* y, long4 places, Fold g) {
  long xAt = places.x, yAt = places.y;
  ENTER
  const V most = Add(OF(greatestOf), none);
  const V logOfSum = logarithm(0, exponentialsOf(x, &g, &place, most));
#define LOG_OF_SHARE(v) Sub(Sub(v, most), logOfSum)
  MAP(x, kX, LOG_OF_SHARE)
}

// 1 for the first of the greatest; -1 for `found` where there was one.
kernel void hardmax(global const T* x, global T* y, long4 places, Fold g) {
  long xAt = places.x, yAt = places.y;
  ENTER
  const V most = Add(OF(greatestOf), none);
  int16 found = 0;
  for (int i = 0; i < g.count; i += kStep) {
    const V v = get(x, &g, &place, kX, i);
    int16 first = (Eq(v, most) | ((v != v) & (most != most))) & isThere(&g, i) & ~found;
    if (STRIPED) {
      int lanes[kLanes], any = found.s0;
      vstore16(first, 0, lanes);
      for (int l = 0; l < kLanes; ++l) lanes[l] &= ~any, any |= lanes[l];
      first = vload16(0, lanes), found = (int16)(any);
    } else {
      found |= first;
    }
    put(first ? (V)(1) : none, y, &g, &place, i);
  }
}

// ArgMax and ArgMin: -D BEATS=Gt or Lt, -D LAST=0 or 1; the place is an integer of 64 bits -------------

#ifdef BEATS
kernel void argReduce(global const T* x, global int* y, long4 places, Fold g) {
  long xAt = places.x, yAt = places.y;
  ENTER
  V best = get(x, &g, &place, kX, 0);
  int16 where = 0;
  for (int i = 1; i < g.count; ++i) {
    const V v = get(x, &g, &place, kX, i);
    const int16 equal = Eq(v, best) | ((v != v) & (best != best));
    const int16 better = BEATS(v, best) | ((v != v) & (best == best)) | (LAST ? equal : (int16)(0));
    best = better ? v : best;
    where = better ? (int16)(i) : where;
  }
  int lanes[kLanes];
  vstore16(where, 0, lanes);
  const int step = g.results[kY][g.resultRank - 1];
  for (int l = 0; l < place.lanes; ++l) {
    global int* to = y + place.at[kY] + (long)l * step;
    to[0] = lanes[l], to[1] = 0;
  }
}
#endif

// Normalisation by mean and deviation --------------------------------------------------------------

// Scale and bias vary along a set, or along results, or both. -D BIAS=0 where there is none.
#ifdef BIAS
kernel void layer(global const T* x, global const T* scale, global const T* bias, global T* y,
                  long4 places, Fold g) {
  long xAt = places.x, scaleAt = places.y, biasAt = places.z, yAt = places.w;
  ENTER
  const V mean = ReduceCentre, inverse = inverseOf(x, &g, &place, mean);
  for (int i = 0; i < g.count; i += kStep) {
    const V unit = Mul(Sub(get(x, &g, &place, kX, i), mean), inverse);
    const V by = get(scale + scaleAt, &g, &place, kScale, i);
    put(BIAS ? MulAdd(unit, by, get(bias + biasAt, &g, &place, kBias, i)) : Mul(unit, by), y, &g,
        &place, i);
  }
}
#endif

kernel void group(global const T* x, global const T* scale, global const T* bias, global T* y,
                  long4 places, Fold g) {
  long xAt = places.x, scaleAt = places.y, biasAt = places.z, yAt = places.w;
  ENTER
  const V mean = ReduceMean;
  const V deviation = exactSqrt(0, Add(varianceOf(x, &g, &place, mean), (V)(g.epsilon)));
  for (int i = 0; i < g.count; i += kStep) {
    const V by = exactDivide(0, get(scale + scaleAt, &g, &place, kScale, i), deviation);
    put(MulAdd(Sub(get(x, &g, &place, kX, i), mean), by,
               get(bias + biasAt, &g, &place, kBias, i)),
        y, &g, &place, i);
  }
}

kernel void meanVariance(global const T* x, global T* y, long4 places, Fold g) {
  long xAt = places.x, yAt = places.y;
  ENTER
  const V mean = ReduceMean;
  const V deviation = Add(exactSqrt(0, varianceOf(x, &g, &place, mean)), (V)(1e-9f));
  for (int i = 0; i < g.count; i += kStep)
    put(exactDivide(0, Sub(get(x, &g, &place, kX, i), mean), deviation), y, &g, &place, i);
}

// Division by a norm: -D REDUCE=ReduceL1 or ReduceL2.
#ifdef REDUCE
kernel void norm(global const T* x, global T* y, long4 places, Fold g) {
  long xAt = places.x, yAt = places.y;
  ENTER
  const V by = REDUCE;
  for (int i = 0; i < g.count; i += kStep)
    put(Eq(by, none) ? none : exactDivide(0, get(x, &g, &place, kX, i), by), y, &g, &place, i);
}
#endif
