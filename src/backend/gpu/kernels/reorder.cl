// Elements of one shape in row-major order to those of another.

typedef struct {
  int items, fromRank, toRank;
  int fromExtent[8], from[8], toExtent[8], to[8];
} Reorder;

kernel void reorder(global const uint* x, long xAt, global uint* y, long yAt, Reorder g) {
  const int i = get_global_id(0);
  if (i >= g.items) return;
  for (int axis = g.fromRank - 1, left = i; axis >= 0; left /= g.fromExtent[axis--])
    xAt += (long)(left % g.fromExtent[axis]) * g.from[axis];
  for (int axis = g.toRank - 1, left = i; axis >= 0; left /= g.toExtent[axis--])
    yAt += (long)(left % g.toExtent[axis]) * g.to[axis];
  y[yAt] = x[xAt];
}
