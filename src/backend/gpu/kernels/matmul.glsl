// Matrix product in the CPU's order, as matmul.cl has it: 4 columns of PIXELS rows a work-item, which
// takes a quarter of a panel where the right side is packed.
TENSOR(0, A, a)
#if PACKED
WEIGHTS(1, B, b)
#else
TENSOR(1, B, b)
#endif
TENSOR(2, Bias, bias)
TENSOR(3, Y, y)

void matmul(int i) {
  int first = i % g.blocks * PIXELS;
  i /= g.blocks;
  int column = i % g.panels * kLanes, count = g.columns - column;
  i /= g.panels;
  int aAt = at[0], bAt = at[1], yAt = at[3] + column * g.yColumn;
  for (int axis = g.rank - 1; axis >= 0; i /= g.extent[axis--]) {
    int position = i % g.extent[axis];
    aAt += position * g.a[axis], bAt += position * g.b[axis], yAt += position * g.y[axis];
  }
  int row[PIXELS];
  V sum[PIXELS];
  for (int p = 0; p < PIXELS; ++p) {
    row[p] = aAt + min(first + p, g.rows - 1) * g.aRow;
    sum[p] = V(0);
  }
#if PACKED
  int wide = column / 16, width = min(4, (g.columns + 3) / 4 - wide * 4);
  bAt = (bAt + wide * 16 * g.depth) / 4 + column % 16 / 4;
#define RIGHT(k) WEIGHT(b, bAt + k * width)
#else
  bAt += column * g.bColumn;
#define RIGHT(k) LOAD(b, bAt + k * g.bRow, g.bColumn, count)
#endif
  for (int k = 0; k < g.depth; ++k) {
    V right = RIGHT(k);
    for (int p = 0; p < PIXELS; ++p) sum[p] += V(AT(a, row[p] + k * g.aColumn)) * right;
  }
  V added = V(0);
  if (g.bias >= 0) added = LOAD(bias, at[2] + column * g.bias, g.bias, count);
  for (int p = 0; p < PIXELS; ++p)
    if (first + p < g.rows)
      STORE(EPILOGUE(Function(g.alpha, g.beta), 0, Add(sum[p], added)), y,
            yAt + (first + p) * g.yRow, g.yColumn, count)
}
