// Elements of one shape in row-major order to those of another, as reorder.cl has it.
#if HALF
TENSOR(0, X, x)
TENSOR(1, Y, y)
#else
INTS(0, X, x)
INTS(1, Y, y)
#endif

void reorder(int i) {
  int from = at[0], to = at[1];
  for (int axis = g.fromRank - 1, left = i; axis >= 0; left /= g.fromExtent[axis--])
    from += left % g.fromExtent[axis] * g.from[axis];
  for (int axis = g.toRank - 1, left = i; axis >= 0; left /= g.toExtent[axis--])
    to += left % g.toExtent[axis] * g.to[axis];
  STORE_ONE(y, to, AT(x, from))
}
