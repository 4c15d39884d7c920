// A 3x3 convolution by Winograd's F(4,3), as winograd.cl has it, 4 channels a work-item. PIXELS are the
// tiles of which a work-item sums at a time.

#ifdef KERNEL_inputs
FLOATS(0, X, x)
VECTORS(1, Points, points)

/// B^T: six neighbouring inputs, `step` apart, at the six points.
void toPoints(inout V x[36], int at, int step) {
  V x0 = x[at], x1 = x[at + step], x2 = x[at + 2 * step], x3 = x[at + 3 * step];
  V x4 = x[at + 4 * step], x5 = x[at + 5 * step];
  V evenA = NegMulAdd(V(2.0), x2, x4), oddA = NegMulAdd(V(2.0), x1, x3);
  V evenB = NegMulAdd(V(0.5), x2, x4), oddB = NegMulAdd(V(0.5), x1, x3);
  x[at] = NegMulAdd(V(2.5), x2, Add(x0, x4));
  x[at + step] = MulAdd(V(0.707106781), oddA, evenA);
  x[at + 2 * step] = NegMulAdd(V(0.707106781), oddA, evenA);
  x[at + 3 * step] = MulAdd(V(1.41421356), oddB, evenB);
  x[at + 4 * step] = NegMulAdd(V(1.41421356), oddB, evenB);
  x[at + 5 * step] = NegMulAdd(V(2.5), x3, Add(x1, x5));
}

void inputs(int i) {
  int panel = i % g.inPanels, slot = i / g.inPanels, tile = g.first + slot;
  int column = tile % g.across * 4 - g.pad[1];
  int row = tile / g.across % g.down * 4 - g.pad[0];
  int channel = panel * kLanes, count = g.channels - channel;
  int from = at[0] + tile / g.across / g.down * g.xBatch + channel * g.xChannel;
  V around[36];
  for (int r = 0; r < 6; ++r)
    for (int c = 0; c < 6; ++c) {
      int atRow = row + r, atColumn = column + c;
      V value = V(0);
      if (atRow >= 0 && atRow < g.end[0] && atColumn >= 0 && atColumn < g.end[1])
        value = LOAD(x, from + atRow * g.x[0] + atColumn * g.x[1], g.xChannel, count);
      around[6 * r + c] = value;
    }
  for (int c = 0; c < 6; ++c) toPoints(around, c, 6);
  for (int r = 0; r < 6; ++r) toPoints(around, 6 * r, 1);
  for (int p = 0; p < 36; ++p)
    points[at[1] / 4 + (p * g.tiles + slot) * g.inPanels + panel] = around[p];
}
#endif

#ifdef KERNEL_sums
FLOATS(0, Points, points)
VECTORS(1, W, w)
VECTORS(2, Products, products)

void sums(int i) {
  int blocks = (g.tiles + PIXELS - 1) / PIXELS;
  int first = i % blocks * PIXELS;
  i /= blocks;
  int panel = i % g.outPanels, point = i / g.outPanels;
  int from = at[0] + point * g.tiles * g.inPanels * kLanes;
  int weights = at[1] / 4 + (point * g.outPanels + panel) * g.channels;
  int tile[PIXELS];
  V sum[PIXELS];
  for (int p = 0; p < PIXELS; ++p) {
    tile[p] = from + min(first + p, g.tiles - 1) * g.inPanels * kLanes;
    sum[p] = V(0);
  }
  for (int c = 0; c < g.channels; ++c)
    for (int p = 0; p < PIXELS; ++p) sum[p] += V(points[tile[p] + c]) * w[weights + c];
  for (int p = 0; p < PIXELS; ++p)
    if (first + p < g.tiles)
      products[at[2] / 4 + (point * g.tiles + first + p) * g.outPanels + panel] = flush(sum[p]);
}
#endif

#ifdef KERNEL_results
VECTORS(0, Products, products)
FLOATS(1, Bias, bias)
FLOATS(2, Y, y)

/// A^T: the products at the six points as four neighbouring results, in the places of the first.
void fromPoints(inout V m[36], int at, int step) {
  V m0 = m[at], m5 = m[at + 5 * step];
  V sumA = Add(m[at + step], m[at + 2 * step]);
  V differenceA = Sub(m[at + step], m[at + 2 * step]);
  V sumB = Add(m[at + 3 * step], m[at + 4 * step]);
  V differenceB = Sub(m[at + 3 * step], m[at + 4 * step]);
  m[at] = Add(m0, Add(sumA, sumB));
  m[at + step] = MulAdd(V(1.41421356), differenceB, Mul(V(0.707106781), differenceA));
  m[at + 2 * step] = MulAdd(V(2.0), sumB, Mul(V(0.5), sumA));
  m[at + 3 * step] = MulAdd(V(2.82842712), differenceB, MulAdd(V(0.353553391), differenceA, m5));
}

void results(int i) {
  int panel = i % g.outPanels, slot = i / g.outPanels, tile = g.first + slot;
  int column = tile % g.across * 4, row = tile / g.across % g.down * 4;
  int channel = panel * kLanes, count = g.outputs - channel;
  V m[36];
  for (int p = 0; p < 36; ++p)
    m[p] = products[at[0] / 4 + (p * g.tiles + slot) * g.outPanels + panel];
  for (int c = 0; c < 6; ++c) fromPoints(m, c, 6);
  for (int r = 0; r < 4; ++r) fromPoints(m, 6 * r, 1);
  V added = V(0);
  if (g.bias >= 0) added = LOAD(bias, at[1] + channel * g.bias, g.bias, count);
  int to = at[2] + tile / g.across / g.down * g.yBatch + channel * g.yChannel;
  for (int r = 0; r < 4; ++r)
    for (int c = 0; c < 4; ++c)
      if (row + r < g.out[0] && column + c < g.out[1])
        STORE(EPILOGUE(Function(g.alpha, g.beta), 0, Add(m[6 * r + c], added)), y,
              to + (row + r) * g.y[0] + (column + c) * g.y[1], g.yChannel, count)
}
#endif
