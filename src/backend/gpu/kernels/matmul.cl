// Matrix product in the CPU's order: fused multiply-add from 0 over k; then the bias and the
// epilogue. A work-item computes 16 columns of PIXELS rows. With -D PACKED=1 the right side is panels
// of 16 columns (kernels/packing.h), with 0 it is anywhere. Compiled with -D EPILOGUE=… too.

typedef struct {
  int items, blocks, panels;  // work-items; blocks of rows, panels of columns
  int rows, columns, depth;
  int rank, extent[8], a[8], b[8], y[8];  // axes of the batch
  int aRow, aColumn, bRow, bColumn, yRow, yColumn;
  int bias;                   // stride, -1 for none
  float alpha, beta;
} MatMul;

#define UNROLLED __attribute__((opencl_unroll_hint(PIXELS)))
#define JOINED(a, b) a##b
#define EVALUATE(name) JOINED(evaluate, name)

kernel void matmul(global const T* a, long aAt, global const T* b, long bAt,
                   global const T* bias, long biasAt, global T* y, long yAt, MatMul g) {
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int first = take(&i, g.blocks) * PIXELS, column = take(&i, g.panels) * kLanes;
  const int count = min((int)kLanes, g.columns - column);
  for (int axis = g.rank - 1; axis >= 0; --axis) {
    const int at = take(&i, g.extent[axis]);
    aAt += (long)at * g.a[axis], bAt += (long)at * g.b[axis], yAt += (long)at * g.y[axis];
  }
  const int width = PACKED ? min((int)kLanes, (g.columns + 3) / 4 * 4 - column) : 0;
  b += bAt + (PACKED ? (long)column * g.depth : (long)column * g.bColumn);

  global const T* from[PIXELS];
  V sum[PIXELS];
  UNROLLED for (int p = 0; p < PIXELS; ++p) {
    from[p] = a + aAt + (long)min(first + p, g.rows - 1) * g.aRow;
    sum[p] = 0;
  }
  long at = 0;
  for (int k = 0; k < g.depth; ++k, b += PACKED ? width : g.bRow, at += g.aColumn) {
    const V right = PACKED ? load16(b) : load(b, g.bColumn, count);
    UNROLLED for (int p = 0; p < PIXELS; ++p) sum[p] = fma((V)(loadOne(from[p], at)), right, sum[p]);
  }

  const V added = biasOf(bias + biasAt, column, g.bias, count);
  y += yAt + (long)column * g.yColumn;
  UNROLLED for (int p = 0; p < PIXELS; ++p)
    if (first + p < g.rows)
      store(EVALUATE(EPILOGUE)((Function){g.alpha, g.beta}, 0, Add(flush(sum[p]), added)),
            y + (long)(first + p) * g.yRow, g.yColumn, count);
}
