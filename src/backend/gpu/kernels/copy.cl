// Copies of 16 elements at a time. Where an extent is no multiple of that, the last ones overlap those before:
// both write the same.

typedef struct {
  int items, blocks, run;  // work-items; blocks along the last axis, elements of each
  int rank, extent[8], x[8], y[8];
} Runs;

#ifdef STEP
/// 16 elements that are STEP, 1 or 2, from one to the next, and nothing behind them.
static V every(global const T* from) {
  return STEP == 1 ? load16(from) : (V)(load16(from).even, load16(from + kLanes - 1).odd);
}

// Rows that lie one element after another along the last axis in y, and -D STEP= in x.
kernel void runs(global const T* x, global T* y, long4 places, Runs g) {
  long xAt = places.x, yAt = places.y;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int last = g.rank - 1, first = take(&i, g.blocks) * g.run;
  const int end = min(first + g.run, g.extent[last]);
  for (int axis = last - 1; axis >= 0; --axis) {
    const int at = axis > 0 ? take(&i, g.extent[axis]) : i;
    xAt += (long)at * g.x[axis], yAt += (long)at * g.y[axis];
  }
  for (int c = first; c < end; c += kLanes) {
    const int from = min(c, g.extent[last] - kLanes);
    store16(every(x + xAt + (long)from * STEP), y + yAt + from);
  }
}
#endif

// Rows of less than 16 elements along the last axis, of which all are x[0]: `run` rows along the axis before.
#ifdef ONE
kernel void narrow(global const T* x, global T* y, long4 places, Runs g) {
  long yAt = places.y;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int before = g.rank - 2, first = take(&i, g.blocks) * g.run;
  const int end = min(first + g.run, g.extent[before]);
  for (int axis = before - 1; axis >= 0; --axis)
    yAt += (long)take(&i, g.extent[axis]) * g.y[axis];
  const V value = (V)(loadOne(x, places.x));
  const int count = g.extent[before + 1];
  for (int row = first; row < end; ++row) store(value, y + yAt + (long)row * g.y[before], 1, count);
}
#endif

// y[a][b] = x[b][a], where x is dense along a and y along b: 16 elements along a of -D ROWS=2, 4, 8 or 16
// along b. Fewer than 16 are all that there are, and lie in y without gaps.
#ifdef ROWS
typedef struct {
  int items, blocks[2], extent[2];  // work-items; along a and b
  int xStep, yStep;                 // of x along b, of y along a
  int rank, others[8], x[8], y[8];  // the other axes
} Crossed;

#define UNROLLED __attribute__((opencl_unroll_hint(ROWS)))

kernel void crossed(global const T* x, global T* y, long4 places, Crossed g) {
  long xAt = places.x, yAt = places.y;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int b = min(take(&i, g.blocks[1]) * ROWS, g.extent[1] - ROWS);
  const int a = min(take(&i, g.blocks[0]) * kLanes, g.extent[0] - kLanes);
  for (int axis = g.rank - 1; axis >= 0; --axis) {
    const int at = axis > 0 ? take(&i, g.others[axis]) : i;
    xAt += (long)at * g.x[axis], yAt += (long)at * g.y[axis];
  }
  x += xAt + a + (long)b * g.xStep;
  y += yAt + b + (long)a * g.yStep;

  V rows[ROWS], zipped[ROWS];
  UNROLLED for (int r = 0; r < ROWS; ++r) rows[r] = load16(x + (long)r * g.xStep);
  // Each round puts elements of two rows that are half of all apart beside each other.
  UNROLLED for (int round = 1; round < ROWS; round *= 2) {
    UNROLLED for (int r = 0; r < ROWS / 2; ++r) {
      const V one = rows[r], other = rows[r + ROWS / 2];
      zipped[2 * r].even = one.lo, zipped[2 * r].odd = other.lo;
      zipped[2 * r + 1].even = one.hi, zipped[2 * r + 1].odd = other.hi;
    }
    UNROLLED for (int r = 0; r < ROWS; ++r) rows[r] = zipped[r];
  }
  UNROLLED for (int r = 0; r < ROWS; ++r)
    store16(rows[r], y + (long)r * (ROWS == kLanes ? g.yStep : kLanes));
}
#endif
