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
#else
typedef T A;
#define loadA load
#endif
#if KEPT & 2
typedef float B;
#define loadB loadFloats
#else
typedef T B;
#define loadB load
#endif
#if KEPT & 4
typedef float Y;
#define storeY storeFloats
#else
typedef T Y;
#define storeY store
#endif

kernel void elementwise(global const A* a, global const B* b, global Y* y, long4 places,
                        Elementwise g) {
  long aAt = places.x, bAt = places.y, yAt = places.z;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int last = g.rank - 1, first = take(&i, g.blocks) * g.run;
  const int end = min(first + g.run, g.extent[last]);
  for (int axis = last - 1; axis >= 0; --axis) {
    const int at = axis > 0 ? take(&i, g.extent[axis]) : i;
    aAt += (long)at * g.a[axis], bAt += (long)at * g.b[axis], yAt += (long)at * g.y[axis];
  }
  const int ofA = g.a[last], ofB = g.b[last];
  const bool dense = (ofA == 1 || ofA == 0) && (ofB == 1 || ofB == 0) && g.y[last] == 1;
  a += aAt, b += bAt, y += yAt;
  int c = first;
  // Whole vectors, of which the generic loop would ask at each what they are. The last one overlaps
  // that before and is computed first, since results may take an operand's place.
  if (dense && c + kLanes <= end) {
    const int rest = end - kLanes;
    const V ending = RESULT(loadA(a + rest * ofA, ofA, kLanes), loadB(b + rest * ofB, ofB, kLanes));
    for (; c < rest; c += kLanes)
      storeY(RESULT(loadA(a + c * ofA, ofA, kLanes), loadB(b + c * ofB, ofB, kLanes)), y + c, 1,
             kLanes);
    storeY(ending, y + rest, 1, kLanes);
    return;
  }
  for (; c < end; c += kLanes) {
    const V left = loadA(a + (long)c * g.a[last], g.a[last], end - c);
    const V right = loadB(b + (long)c * g.b[last], g.b[last], end - c);
    storeY(RESULT(left, right), y + (long)c * g.y[last], g.y[last], end - c);
  }
}
