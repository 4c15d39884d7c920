// A 3x3 convolution by Winograd's F(4,3) in the CPU's order (kernels/winograd.inc): inputs to 36
// points, sums of products over the channels at each point, and back. A pass is some of the tiles.
// Sums are compiled with -D PIXELS=… -D PANELS=…, the tiles and panels of a work-item, of which the last
// overlap those before; results with -D EPILOGUE=…

typedef struct {
  int items;
  int first, tiles;                            // of the pass
  int across, down;                            // tiles along an image
  int channels, inPanels, outputs, outPanels;  // panels of 16
  int pad[2], end[2], out[2];                  // along y and x, as WinogradAxis has them
  int xBatch, xChannel, x[2], yBatch, yChannel, y[2];  // strides
  int bias;                                    // stride, -1 for none
  float alpha, beta;
} Winograd;

#define UNROLLED(count) __attribute__((opencl_unroll_hint(count)))
#define JOINED(a, b) a##b
#define EVALUATE(name) JOINED(evaluate, name)

/// B^T: six neighbouring inputs, `step` apart, at the six points.
static void toPoints(V* x, int step) {
  const V x0 = x[0], x1 = x[step], x2 = x[2 * step], x3 = x[3 * step], x4 = x[4 * step],
          x5 = x[5 * step];
  const V evenA = NegMulAdd((V)(2.0f), x2, x4), oddA = NegMulAdd((V)(2.0f), x1, x3);
  const V evenB = NegMulAdd((V)(0.5f), x2, x4), oddB = NegMulAdd((V)(0.5f), x1, x3);
  x[0] = NegMulAdd((V)(2.5f), x2, Add(x0, x4));
  x[step] = MulAdd((V)(0.707106781f), oddA, evenA);
  x[2 * step] = NegMulAdd((V)(0.707106781f), oddA, evenA);
  x[3 * step] = MulAdd((V)(1.41421356f), oddB, evenB);
  x[4 * step] = NegMulAdd((V)(1.41421356f), oddB, evenB);
  x[5 * step] = NegMulAdd((V)(2.5f), x3, Add(x1, x5));
}

/// A^T: the products at the six points as four neighbouring results, in the places of the first.
static void fromPoints(V* m, int step) {
  const V m0 = m[0], m5 = m[5 * step];
  const V sumA = Add(m[step], m[2 * step]), differenceA = Sub(m[step], m[2 * step]);
  const V sumB = Add(m[3 * step], m[4 * step]), differenceB = Sub(m[3 * step], m[4 * step]);
  m[0] = Add(m0, Add(sumA, sumB));
  m[step] = MulAdd((V)(1.41421356f), differenceB, Mul((V)(0.707106781f), differenceA));
  m[2 * step] = MulAdd((V)(2.0f), sumB, Mul((V)(0.5f), sumA));
  m[3 * step] =
      MulAdd((V)(2.82842712f), differenceB, MulAdd((V)(0.353553391f), differenceA, m5));
}

kernel void inputs(global const T* x, global float* points, long4 places, Winograd g) {
  long xAt = places.x, pointsAt = places.y;
  const int i = get_global_id(0);
  if (i >= g.items) return;
  const int panel = i % g.inPanels, slot = i / g.inPanels, tile = g.first + slot;
  const int column = tile % g.across * 4 - g.pad[1];
  const int row = tile / g.across % g.down * 4 - g.pad[0];
  const int channel = panel * kLanes, count = g.channels - channel;
  x += xAt + (long)(tile / g.across / g.down) * g.xBatch + (long)channel * g.xChannel;
  V patch[36];
  UNROLLED(6) for (int r = 0; r < 6; ++r)
    UNROLLED(6) for (int c = 0; c < 6; ++c) {
      const int atRow = row + r, atColumn = column + c;
      const bool inside = atRow >= 0 && atRow < g.end[0] && atColumn >= 0 && atColumn < g.end[1];
      patch[6 * r + c] =
          inside ? load(x + atRow * g.x[0] + atColumn * g.x[1], g.xChannel, count) : (V)(0);
    }
  UNROLLED(6) for (int c = 0; c < 6; ++c) toPoints(patch + c, 6);
  UNROLLED(6) for (int r = 0; r < 6; ++r) toPoints(patch + 6 * r, 1);
  for (int p = 0; p < 36; ++p)
    vstore16(patch[p], (long)(p * g.tiles + slot) * g.inPanels + panel, points + pointsAt);
}

#ifdef PIXELS
kernel void sums(global const float* points, global const T* w, global float* products,
                 long4 places, Winograd g) {
  long pointsAt = places.x, wAt = places.y, productsAt = places.z;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int blocks = (g.tiles + PIXELS - 1) / PIXELS, panels = (g.outPanels + PANELS - 1) / PANELS;
  const int first = take(&i, blocks) * PIXELS;
  const int panel = min(take(&i, panels) * PANELS, g.outPanels - PANELS), point = i;
  points += pointsAt + (long)point * g.tiles * g.inPanels * kLanes;
  w += wAt + (long)(point * g.outPanels + panel) * g.channels * kLanes;
  global const float* from[PIXELS];
  V sum[PANELS * PIXELS];
  UNROLLED(PIXELS) for (int p = 0; p < PIXELS; ++p)
    from[p] = points + (long)min(first + p, g.tiles - 1) * g.inPanels * kLanes;
  UNROLLED(PANELS * PIXELS) for (int s = 0; s < PANELS * PIXELS; ++s) sum[s] = 0;
  for (long c = 0; c < g.channels; ++c) {
    float left[PIXELS];
    UNROLLED(PIXELS) for (int p = 0; p < PIXELS; ++p) left[p] = from[p][c];
    UNROLLED(PANELS) for (int q = 0; q < PANELS; ++q) {
      const V weights = load16(w + (q * (long)g.channels + c) * kLanes);
      UNROLLED(PIXELS) for (int p = 0; p < PIXELS; ++p)
        sum[q * PIXELS + p] = fma((V)(left[p]), weights, sum[q * PIXELS + p]);
    }
  }
  products += productsAt;
  UNROLLED(PIXELS) for (int p = 0; p < PIXELS; ++p)
    UNROLLED(PANELS) for (int q = 0; q < PANELS; ++q)
      if (first + p < g.tiles)
        vstore16(flush(sum[q * PIXELS + p]),
                 (long)(point * g.tiles + first + p) * g.outPanels + panel + q, products);
}
#endif

#ifdef EPILOGUE
kernel void results(global const float* products, global const T* bias, global T* y, long4 places,
                    Winograd g) {
  long productsAt = places.x, biasAt = places.y, yAt = places.z;
  const int i = get_global_id(0);
  if (i >= g.items) return;
  const int panel = i % g.outPanels, slot = i / g.outPanels, tile = g.first + slot;
  const int column = tile % g.across * 4, row = tile / g.across % g.down * 4;
  const int channel = panel * kLanes, count = g.outputs - channel;
  V m[36];
  UNROLLED(36) for (int p = 0; p < 36; ++p)
    m[p] = vload16((long)(p * g.tiles + slot) * g.outPanels + panel, products + productsAt);
  UNROLLED(6) for (int c = 0; c < 6; ++c) fromPoints(m + c, 6);
  UNROLLED(4) for (int r = 0; r < 4; ++r) fromPoints(m + 6 * r, 1);
  const V added = biasOf(bias + biasAt, channel, g.bias, count);
  y += yAt + (long)(tile / g.across / g.down) * g.yBatch + (long)channel * g.yChannel;
  UNROLLED(4) for (int r = 0; r < 4; ++r)
    UNROLLED(4) for (int c = 0; c < 4; ++c)
      if (row + r < g.out[0] && column + c < g.out[1])
        store(EVALUATE(EPILOGUE)((Function){g.alpha, g.beta}, 0, Add(m[6 * r + c], added)),
              y + (long)(row + r) * g.y[0] + (long)(column + c) * g.y[1], g.yChannel, count);
}
#endif
