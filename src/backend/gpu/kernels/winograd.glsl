// A 3x3 convolution by Winograd's F(4,3), as winograd.cl has it, 4 channels a work-item. PIXELS are the
// tiles of which a work-item sums at a time. What is done six or four times is written out by macros:
// compilers leave such loops as they are, and then keep the tile in memory that is indexed.
#define EACH_OF_4(f) f(0) f(1) f(2) f(3)
#define EACH_OF_6(f) EACH_OF_4(f) f(4) f(5)

#ifdef KERNEL_inputs
TENSOR(0, X, x)
VECTORS(1, Points, points)

/// B^T: six neighbouring inputs, `step` apart, at the six points.
#define TO_POINTS(at, step)                                                        \
  {                                                                                \
    V x1 = t[at + step], x2 = t[at + 2 * step], x3 = t[at + 3 * step];             \
    V x4 = t[at + 4 * step];                                                       \
    V evenA = x4 - 2.0 * x2, oddA = x3 - 2.0 * x1;                                 \
    V evenB = x4 - 0.5 * x2, oddB = x3 - 0.5 * x1;                                 \
    t[at] = t[at] + x4 - 2.5 * x2;                                                 \
    t[at + step] = evenA + 0.707106781 * oddA;                                     \
    t[at + 2 * step] = evenA - 0.707106781 * oddA;                                 \
    t[at + 3 * step] = evenB + 1.41421356 * oddB;                                  \
    t[at + 4 * step] = evenB - 1.41421356 * oddB;                                  \
    t[at + 5 * step] = x1 + t[at + 5 * step] - 2.5 * x3;                           \
  }

V inputAt(int from, int row, int column, int count) {
  bool inside = row >= 0 && row < g.end[0] && column >= 0 && column < g.end[1];
  int first = inside ? from + row * g.x[0] + column * g.x[1] : from;
  V value = LOAD(x, first, g.xChannel, count);
  return inside ? value : V(0);
}

void inputs(int i) {
  int panel = i % g.inPanels, slot = i / g.inPanels, tile = g.first + slot;
  int column = tile % g.across * 4 - g.pad[1];
  int row = tile / g.across % g.down * 4 - g.pad[0];
  int channel = panel * kLanes, count = g.channels - channel;
  int from = at[0] + tile / g.across / g.down * g.xBatch + channel * g.xChannel;
  V t[36];
#define READ(r, c) t[6 * r + c] = inputAt(from, row + r, column + c, count);
#define READ_ROW(r) READ(r, 0) READ(r, 1) READ(r, 2) READ(r, 3) READ(r, 4) READ(r, 5)
  EACH_OF_6(READ_ROW)
#define DOWN(c) TO_POINTS(c, 6)
  EACH_OF_6(DOWN)
#define ACROSS(r) TO_POINTS(6 * r, 1)
  EACH_OF_6(ACROSS)
  int to = at[1] / 4 + slot * g.inPanels + panel, step = g.tiles * g.inPanels;
#define WRITE(p) points[to + p * step] = t[p];
#define WRITE_ROW(r) WRITE((6 * r)) WRITE((6 * r + 1)) WRITE((6 * r + 2)) WRITE((6 * r + 3)) \
  WRITE((6 * r + 4)) WRITE((6 * r + 5))
  EACH_OF_6(WRITE_ROW)
}
#endif

#ifdef KERNEL_sums
FLOATS(0, Points, points)
WEIGHTS(1, W, w)
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
    for (int p = 0; p < PIXELS; ++p) sum[p] += V(points[tile[p] + c]) * WEIGHT(w, weights + c);
  for (int p = 0; p < PIXELS; ++p)
    if (first + p < g.tiles)
      products[at[2] / 4 + (point * g.tiles + first + p) * g.outPanels + panel] = sum[p];
}
#endif

#ifdef KERNEL_results
VECTORS(0, Products, products)
TENSOR(1, Bias, bias)
TENSOR(2, Y, y)

/// A^T: the products at the six points as four neighbouring results, in the places of the first.
#define FROM_POINTS(at, step)                                                      \
  {                                                                                \
    V sumA = t[at + step] + t[at + 2 * step], oddA = t[at + step] - t[at + 2 * step];         \
    V sumB = t[at + 3 * step] + t[at + 4 * step], oddB = t[at + 3 * step] - t[at + 4 * step]; \
    t[at] = t[at] + (sumA + sumB);                                                 \
    t[at + step] = 1.41421356 * oddB + 0.707106781 * oddA;                         \
    t[at + 2 * step] = 2.0 * sumB + 0.5 * sumA;                                    \
    t[at + 3 * step] = 2.82842712 * oddB + (0.353553391 * oddA + t[at + 5 * step]); \
  }

void results(int i) {
  int panel = i % g.outPanels, slot = i / g.outPanels, tile = g.first + slot;
  int column = tile % g.across * 4, row = tile / g.across % g.down * 4;
  int channel = panel * kLanes, count = g.outputs - channel;
  int from = at[0] / 4 + slot * g.outPanels + panel, step = g.tiles * g.outPanels;
  V t[36];
#define READ(p) t[p] = products[from + p * step];
#define READ_ROW(r) READ((6 * r)) READ((6 * r + 1)) READ((6 * r + 2)) READ((6 * r + 3)) \
  READ((6 * r + 4)) READ((6 * r + 5))
  EACH_OF_6(READ_ROW)
#define DOWN(c) FROM_POINTS(c, 6)
  EACH_OF_6(DOWN)
#define ACROSS(r) FROM_POINTS(6 * r, 1)
  EACH_OF_4(ACROSS)
  V added = V(0);
  if (g.bias >= 0) added = LOAD(bias, at[1] + channel * g.bias, g.bias, count);
  int to = at[2] + tile / g.across / g.down * g.yBatch + channel * g.yChannel;
#define WRITE(r, c)                                                                         \
  if (row + r < g.out[0] && column + c < g.out[1])                                          \
    STORE(EPILOGUE(Function(g.alpha, g.beta), 0, Add(t[6 * r + c], added)), y,              \
          to + (row + r) * g.y[0] + (column + c) * g.y[1], g.yChannel, count)
#define WRITE_ROW(r) WRITE(r, 0) WRITE(r, 1) WRITE(r, 2) WRITE(r, 3)
  EACH_OF_4(WRITE_ROW)
}
#endif
