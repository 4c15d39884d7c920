// y = EPILOGUE(BINARY(a, b)) over tensors of any strides; BINARY is First where there is one operand.
// Compiled with -D BINARY=… -D EPILOGUE=…

#define First(a, b) (a)
#define Div(a, b) exactDivide(0, a, b)
#define Min(a, b) Add(IfThenElse(Lt(a, b) | (a != a), a, b), (V)(0))
#define Max(a, b) Add(IfThenElse(Gt(a, b) | (a != a), a, b), (V)(0))
#define Pow(a, b) power(a, b)
#define PRelu(a, b) IfThenElse(Lt(a, (V)(0)), Mul(a, b), a)

/// For the exponents 1, 2, 3, 1/2 and -1 (kernels/power.h).
static V power(V a, V b) {
  const V square = Mul(a, a);
  const V whole = Eq(b, (V)(2)) ? square : Eq(b, (V)(3)) ? Mul(square, a) : a;
  return Eq(b, (V)(0.5f)) ? exactSqrt(0, a) : Eq(b, (V)(-1)) ? exactDivide(0, (V)(1), a) : whole;
}

typedef struct {
  int items;        // blocks along the last axis, of all rows
  int blocks, run;  // along that axis; elements of each
  int rowBlocks, rows;  // where rows are short: blocks along the axis before; rows of each
  int rank;
  int extent[8], a[8], b[8], y[8];
  float alpha, beta;
} Elementwise;

#define JOINED(a, b) a##b
#define EVALUATE(name) JOINED(evaluate, name)
#define RESULT(a, b) EVALUATE(EPILOGUE)((Function){g.alpha, g.beta}, 0, BINARY(a, b))

#if KEPT & 1
typedef float A;
#define loadA loadFloats
#define wholeA get16
#else
typedef T A;
#define loadA load
#define wholeA load16
#endif
#if KEPT & 2
typedef float B;
#define loadB loadFloats
#define wholeB get16
#else
typedef T B;
#define loadB load
#define wholeB load16
#endif
#if KEPT & 4
typedef float Y;
#define storeY storeFloats
#else
typedef T Y;
#define storeY store
#endif

// 16 results: of whole vectors, and of vectors or single elements.
#define OF_VECTORS(c) RESULT(wholeA(a + (c)), wholeB(b + (c)))
#define OF_EITHER(c) RESULT(loadA(a + (c) * ofA, ofA, kLanes), loadB(b + (c) * ofB, ofB, kLanes))

// Results in whole vectors, of which the generic loop would ask at each what they are. The last one
// overlaps that before and is computed first, since results may take an operand's place.
#define IN_VECTORS(RESULTS)                                                                \
  {                                                                                        \
    const V ending = RESULTS(end - kLanes);                                                \
    for (; c < end - kLanes; c += kLanes) storeY(RESULTS(c), y + c, 1, kLanes);            \
    storeY(ending, y + end - kLanes, 1, kLanes);                                           \
    return;                                                                                \
  }

static void computeRow(global const A* a, global const B* b, global Y* y, int c, int end,
                       Elementwise g) {
  const int last = g.rank - 1, ofA = g.a[last], ofB = g.b[last], ofY = g.y[last];
  if (ofY == 1 && c + kLanes <= end) {
    if (ofA == 1 && ofB == 1) IN_VECTORS(OF_VECTORS)
    if ((ofA == 1 || ofA == 0) && (ofB == 1 || ofB == 0)) IN_VECTORS(OF_EITHER)
  }
  for (; c < end; c += kLanes) {
    const V left = loadA(a + (long)c * ofA, ofA, end - c);
    const V right = loadB(b + (long)c * ofB, ofB, end - c);
    storeY(RESULT(left, right), y + (long)c * ofY, ofY, end - c);
  }
}

kernel void elementwise(global const A* a, global const B* b, global Y* y, long4 places,
                        Elementwise g) {
  long aAt = places.x, bAt = places.y, yAt = places.z;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int last = g.rank - 1, first = take(&i, g.blocks) * g.run;
  const int end = min(first + g.run, g.extent[last]);
  int axis = last - 1, rows = 1;
  if (g.rows > 1) {
    const int row = take(&i, g.rowBlocks) * g.rows;
    rows = min(g.rows, g.extent[axis] - row);
    aAt += (long)row * g.a[axis], bAt += (long)row * g.b[axis], yAt += (long)row * g.y[axis];
    --axis;
  }
  for (; axis >= 0; --axis) {
    const int at = axis > 0 ? take(&i, g.extent[axis]) : i;
    aAt += (long)at * g.a[axis], bAt += (long)at * g.b[axis], yAt += (long)at * g.y[axis];
  }
  for (int r = 0; r < rows; ++r) {
    computeRow(a + aAt, b + bAt, y + yAt, first, end, g);
    if (r + 1 < rows) aAt += g.a[last - 1], bAt += g.b[last - 1], yAt += g.y[last - 1];
  }
}
