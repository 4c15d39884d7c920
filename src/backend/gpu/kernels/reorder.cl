// Elements of one shape in row-major order to those of another.

typedef struct {
  int items, fromRank, toRank;
  int fromExtent[8], from[8], toExtent[8], to[8];
} Reorder;

kernel void reorder(global const Bits* x, global Bits* y, long4 places, Reorder g) {
  long xAt = places.x, yAt = places.y;
  int i = get_global_id(0), k = i;
  if (i >= g.items) return;
  for (int axis = g.fromRank - 1; axis >= 0; --axis)
    xAt += (long)take(&i, g.fromExtent[axis]) * g.from[axis];
  for (int axis = g.toRank - 1; axis >= 0; --axis)
    yAt += (long)take(&k, g.toExtent[axis]) * g.to[axis];
  y[yAt] = x[xAt];
}
