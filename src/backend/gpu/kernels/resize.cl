// Resize: weighted sums over the last axis first, then over those before it (ops/resize.h), of 16
// neighbours along an axis that is copied. What a position reads along a sampled axis is a row of
// its tables.

typedef struct {
  int items, blocks, run, lanes;                // of the axis of neighbours
  int xLane, yLane;
  int rank, extent[8], x[8], y[8];              // other axes that are copied
  int out[3], taps[3], table[3], yAxis[3];      // sampled ones; where their tables begin
  float extrapolation;
} Resize;

/// Offset of what lies outside the region of interest.
enum { kOutside = -0x7FFFFFFF - 1 };

static V weighted(V sum, V value, int tap, int taps, float weight) {
  if (taps == 1) return value;
  return tap == 0 ? Mul(value, (V)(weight)) : MulAdd(value, (V)(weight), sum);
}

kernel void resize(global const T* x, global const int* offsets, global const float* weights,
                   global T* y, long4 places, Resize g) {
  long xAt = places.x, offsetsAt = places.y, weightsAt = places.z, yAt = places.w;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int first = take(&i, g.blocks) * g.run, end = min(first + g.run, g.lanes);
  x += xAt, y += yAt;
  global const int* at[3];
  global const float* by[3];
  bool outside = false;
  for (int axis = 2; axis >= 0; --axis) {
    const int position = take(&i, g.out[axis]), row = g.table[axis] + position * g.taps[axis];
    at[axis] = offsets + offsetsAt + row;
    by[axis] = weights + weightsAt + row;
    y += (long)position * g.yAxis[axis];
    outside |= *at[axis] == kOutside;
  }
  for (int axis = g.rank - 1; axis >= 0; --axis) {
    const int at = axis > 0 ? take(&i, g.extent[axis]) : i;
    x += (long)at * g.x[axis], y += (long)at * g.y[axis];
  }
  const bool copied = g.taps[0] * g.taps[1] * g.taps[2] == 1 && g.xLane == 1 && g.yLane == 1;
  if (copied && !outside && end - first >= kLanes) {  // the last vector overlaps that before
    x += *at[0] + *at[1] + *at[2];
    for (int lane = first; lane < end; lane += kLanes) {
      const int from = min(lane, end - kLanes);
      store16(load16(x + from), y + from);
    }
    return;
  }
  for (int lane = first; lane < end; lane += kLanes) {
    global const T* from = x + (long)lane * g.xLane;
    V sum = g.extrapolation;
    for (int a = 0; a < g.taps[0] && !outside; ++a) {
      V plane = 0;
      for (int b = 0; b < g.taps[1]; ++b) {
        V row = 0;
        for (int c = 0; c < g.taps[2]; ++c)
          row = weighted(row, load(from + at[0][a] + at[1][b] + at[2][c], g.xLane, end - lane), c,
                         g.taps[2], by[2][c]);
        plane = weighted(plane, row, b, g.taps[1], by[1][b]);
      }
      sum = weighted(sum, plane, a, g.taps[0], by[0][a]);
    }
    store(sum, y + (long)lane * g.yLane, g.yLane, end - lane);
  }
}
