// Resize, as resize.cl has it, of 4 neighbours along an axis that is copied.
TENSOR(0, X, x)
INTS(1, Offsets, offsets)
FLOATS(2, Weights, weights)
TENSOR(3, Y, y)

/// Offset of what lies outside the region of interest.
#define kOutside (-0x7FFFFFFF - 1)

V weighted(V sum, V value, int tap, int taps, float weight) {
  if (taps == 1) return value;
  return tap == 0 ? Mul(value, V(weight)) : MulAdd(value, V(weight), sum);
}

void resize(int i) {
  int lane = i % g.blocks * kLanes, count = g.lanes - lane;
  i /= g.blocks;
  int from = at[0] + lane * g.xLane, to = at[3] + lane * g.yLane;
  int rows[3];
  bool outside = false;
  for (int axis = 2; axis >= 0; i /= g.out[axis--]) {
    int position = i % g.out[axis];
    rows[axis] = g.table[axis] + position * g.taps[axis];
    to += position * g.yAxis[axis];
    outside = outside || offsets[at[1] + rows[axis]] == kOutside;
  }
  for (int axis = g.rank - 1; axis >= 0; i /= g.extent[axis--]) {
    from += i % g.extent[axis] * g.x[axis];
    to += i % g.extent[axis] * g.y[axis];
  }
  V sum = V(g.extrapolation);
  for (int a = 0; a < g.taps[0] && !outside; ++a) {
    V plane = V(0);
    for (int b = 0; b < g.taps[1]; ++b) {
      V row = V(0);
      for (int c = 0; c < g.taps[2]; ++c) {
        int tap = from + offsets[at[1] + rows[0] + a] + offsets[at[1] + rows[1] + b] +
                  offsets[at[1] + rows[2] + c];
        V value = LOAD(x, tap, g.xLane, count);
        row = weighted(row, value, c, g.taps[2], weights[at[2] + rows[2] + c]);
      }
      plane = weighted(plane, row, b, g.taps[1], weights[at[2] + rows[1] + b]);
    }
    sum = weighted(sum, plane, a, g.taps[0], weights[at[2] + rows[0] + a]);
  }
  STORE(sum, y, to, g.yLane, count)
}
