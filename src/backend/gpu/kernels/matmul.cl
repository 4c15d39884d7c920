// Matrix product in the CPU's order: fused multiply-add from 0 over k; then the bias and the
// epilogue. A work-item computes PANELS times 16 columns of PIXELS rows; the last ones overlap those
// before, where they are not whole. With -D PACKED=1 the right side is panels of 16 columns
// (kernels/packing.h), with 0 it is anywhere. Compiled with -D EPILOGUE=… too.

typedef struct {
  int items, blocks, panels;  // work-items; blocks of rows, of PANELS panels of columns
  int rows, columns, depth;
  int rank, extent[8], a[8], b[8], y[8];  // axes of the batch
  int aRow, aColumn, bRow, bColumn, yRow, yColumn;
  int bias;                   // stride, -1 for none
  float alpha, beta;
} MatMul;

#define UNROLLED __attribute__((opencl_unroll_hint(PIXELS)))
#define EACH_PANEL __attribute__((opencl_unroll_hint(PANELS)))
#define JOINED(a, b) a##b
#define EVALUATE(name) JOINED(evaluate, name)

kernel void matmul(global const T* a, global const T* b, global const T* bias, global T* y,
                   long4 places, MatMul g) {
  long aAt = places.x, bAt = places.y, biasAt = places.z, yAt = places.w;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int first = take(&i, g.blocks) * PIXELS;
  const int panels = (g.columns + kLanes - 1) / kLanes;
  const int column = min(take(&i, g.panels) * PANELS, panels - PANELS) * kLanes;
  for (int axis = g.rank - 1; axis >= 0; --axis) {
    const int at = take(&i, g.extent[axis]);
    aAt += (long)at * g.a[axis], bAt += (long)at * g.b[axis], yAt += (long)at * g.y[axis];
  }
  // From one row of a panel to the next: of all but the last panel they are 16 wide.
  const int last = column + (PANELS - 1) * kLanes, count = min((int)kLanes, g.columns - last);
  const int step = PACKED ? min((int)kLanes, (g.columns + 3) / 4 * 4 - last) : g.bRow;
  b += bAt + (PACKED ? (long)column * g.depth : (long)column * g.bColumn);

  global const T* from[PIXELS];
  V sums[PANELS * PIXELS];
  UNROLLED for (int p = 0; p < PIXELS; ++p)
    from[p] = a + aAt + (long)min(first + p, g.rows - 1) * g.aRow;
  UNROLLED for (int s = 0; s < PANELS * PIXELS; ++s) sums[s] = 0;
  long at = 0;
  for (int k = 0; k < g.depth; ++k, at += g.aColumn) {
    float left[PIXELS];
    UNROLLED for (int p = 0; p < PIXELS; ++p) left[p] = loadOne(from[p], at);
    EACH_PANEL for (int q = 0; q < PANELS; ++q) {
      const bool whole = q + 1 < PANELS;
      global const T* row = b + (long)q * kLanes * (PACKED ? g.depth : g.bColumn) +
                            k * (PACKED && whole ? (long)kLanes : step);
      const V right = PACKED ? load16(row) : load(row, g.bColumn, whole ? (int)kLanes : count);
      UNROLLED for (int p = 0; p < PIXELS; ++p)
        sums[q * PIXELS + p] = fma((V)(left[p]), right, sums[q * PIXELS + p]);
    }
  }

  y += yAt + (long)first * g.yRow;
  EACH_PANEL for (int q = 0; q < PANELS; ++q) {
    const int at = column + q * kLanes, there = min((int)kLanes, g.columns - at);
    const V added = biasOf(bias + biasAt, at, g.bias, there);
    UNROLLED for (int p = 0; p < PIXELS; ++p)
      if (first + p < g.rows)
        store(EVALUATE(EPILOGUE)((Function){g.alpha, g.beta}, 0,
                                 Add(flush(sums[q * PIXELS + p]), added)),
              y + (long)p * g.yRow + (long)at * g.yColumn, g.yColumn, there);
  }
}
