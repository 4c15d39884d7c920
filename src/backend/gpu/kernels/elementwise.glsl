// y = EPILOGUE(BINARY(a, b)), as elementwise.cl has it.

V First(V a, V b) { return a; }
V Div(V a, V b) { return exactDivide(0, a, b); }
V Min(V a, V b) {
  return Add(IfThenElse(Lt(a, b), a, IfThenElse(IsNaN(a), a, b)), V(0));
}
V Max(V a, V b) {
  return Add(IfThenElse(Gt(a, b), a, IfThenElse(IsNaN(a), a, b)), V(0));
}
/// For the exponents 1, 2, 3, 1/2 and -1 (kernels/power.h).
V Pow(V a, V b) {
  V square = Mul(a, a);
  V whole = IfThenElse(Eq(b, V(2)), square, IfThenElse(Eq(b, V(3)), Mul(square, a), a));
  V root = IfThenElse(Eq(b, V(0.5)), exactSqrt(0, a), whole);
  return IfThenElse(Eq(b, V(-1)), exactDivide(0, V(1), a), root);
}
V PRelu(V a, V b) { return IfThenElse(Lt(a, V(0)), Mul(a, b), a); }

#if (KEPT & 1) != 0
FLOATS(0, A, a)
#define LOAD_A LOAD_FLOATS
#else
TENSOR(0, A, a)
#define LOAD_A LOAD
#endif
#if (KEPT & 2) != 0
FLOATS(1, B, b)
#define LOAD_B LOAD_FLOATS
#else
TENSOR(1, B, b)
#define LOAD_B LOAD
#endif
TENSOR(2, Y, y)

void elementwise(int i) {
  int last = g.rank - 1, first = i % g.blocks * kLanes;
  int aAt = at[0] + first * g.a[last], bAt = at[1] + first * g.b[last];
  int yAt = at[2] + first * g.y[last];
  i /= g.blocks;
  for (int axis = last - 1; axis >= 0; --axis) {
    int position = i % g.extent[axis];
    i /= g.extent[axis];
    aAt += position * g.a[axis], bAt += position * g.b[axis], yAt += position * g.y[axis];
  }
  int count = g.extent[last] - first;
  V value = BINARY(LOAD_A(a, aAt, g.a[last], count), LOAD_B(b, bAt, g.b[last], count));
  STORE(EPILOGUE(Function(g.alpha, g.beta), 0, value), y, yAt, g.y[last], count)
}
