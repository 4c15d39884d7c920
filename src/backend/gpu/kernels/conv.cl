// Convolution by the CPU's order of sums: fused multiply-add from 0 over (kz, ky, kx, channel), a tap
// on padding multiplying zero; then the bias and the epilogue. Weights are panels of 16 output
// channels (kernels/packing.h). Inputs below 2^-126 are taken as they are: to make them 0 here would
// take as long as the sums. Compiled with -D EPILOGUE=… -D PIXELS=…, the results along x that a
// work-item computes for each of its channels, and for convolutions that are not depthwise
// -D PANELS=…, of which it takes so many. The last panels overlap those before, where they are not
// whole: both compute the same.

typedef struct {
  int items, across;                // work-items; blocks along the last axis
  int groups, panels, perGroup;     // output channels of a group
  int channels, depth, groupSize;   // input channels of a group; rows of a panel; floats of a group
  int taps[3], stride[3], dilation[3], pad[3], in[3], out[3];
  int xBatch, xChannel, x[3], yBatch, yChannel, y[3];  // strides
  int bias;                         // stride, -1 for none
  int leavesOut;                    // 1 if taps on padding change no bit (ops/conv.h)
  float alpha, beta;
} Conv;

#define UNROLLED __attribute__((opencl_unroll_hint(PIXELS)))
#define JOINED(a, b) a##b
#define EVALUATE(name) JOINED(evaluate, name)
#define RESULT(sum) EVALUATE(EPILOGUE)((Function){g.alpha, g.beta}, 0, Add(sum, added))

/// Stores the results along x, `step` apart, that are there. Mostly all are, in whole vectors: then none
/// is asked for by itself.
static void finish(const V* sums, int first, int step, global const T* bias, int channel,
                   int count, global T* y, Conv g) {
  const V biases = biasOf(bias, channel, g.bias, count);
  const V added = count == 1 ? (V)(biases.s0) : biases;
  const long next = (long)step * g.y[2];
  y += (long)first * g.y[2];
  const bool whole = count >= kLanes && g.yChannel == 1 && first + (PIXELS - 1) * step < g.out[2];
  if (whole) {
    UNROLLED for (int p = 0; p < PIXELS; ++p, y += next) store16(RESULT(sums[p]), y);
    return;
  }
  if (count == 1) {  // the pixels of a single channel are one vector
    float lanes[kLanes] = {0};
    UNROLLED for (int p = 0; p < PIXELS; ++p) lanes[p] = sums[p].s0;
    store(RESULT(vload16(0, lanes)), y, (int)next,
          min(PIXELS, (g.out[2] - first + step - 1) / step));
    return;
  }
  UNROLLED for (int p = 0; p < PIXELS; ++p, y += next)
    if (first + p * step < g.out[2]) store(RESULT(sums[p]), y, g.yChannel, count);
}

#ifdef PANELS
#define EACH_PANEL __attribute__((opencl_unroll_hint(PANELS)))
#define EACH_SUM __attribute__((opencl_unroll_hint(PANELS * PIXELS)))

/// Panels of weights beside each other, each at its row: all but the last one have rows of 16.
typedef struct {
  global const T* panels[PANELS];
  int width;  // of the last one's rows
} Weights;

static Weights weightsAt(global const T* group, int panel, Conv g) {
  Weights w;
  w.width = min((int)kLanes, (g.perGroup + 3) / 4 * 4 - (panel + PANELS - 1) * kLanes);
  EACH_PANEL for (int q = 0; q < PANELS; ++q)
    w.panels[q] = group + (long)(panel + q) * kLanes * g.depth;
  return w;
}

static int widthOf(const Weights* w, int q) { return q + 1 < PANELS ? (int)kLanes : w->width; }

static void skip(Weights* w, int rows) {
  EACH_PANEL for (int q = 0; q < PANELS; ++q) w->panels[q] += (long)rows * widthOf(w, q);
}

/// Adds the products of one channel of the pixels, and goes on to the weights of the next.
static void addProducts(V* sums, const float* pixels, Weights* w) {
  EACH_PANEL for (int q = 0; q < PANELS; ++q) {
    const V weights = load16(w->panels[q]);
    UNROLLED for (int p = 0; p < PIXELS; ++p)
      sums[q * PIXELS + p] = fma((V)(pixels[p]), weights, sums[q * PIXELS + p]);
    w->panels[q] += widthOf(w, q);
  }
}

/// Adds the products of `count` channels at a distance from each of the pixels.
static void addAll(V* sums, global const T** from, long distance, int step, int count,
                   Weights* w) {
  for (int c = 0; c < count; ++c, distance += step) {
    float pixels[PIXELS];
    UNROLLED for (int p = 0; p < PIXELS; ++p) pixels[p] = loadOne(from[p], distance);
    addProducts(sums, pixels, w);
  }
}
/// The same; where a mask is 0 a pixel is a tap on padding.
static void addMasked(V* sums, global const T** from, const int* masks, int step, int count,
                      Weights* w) {
  long distance = 0;
  for (int c = 0; c < count; ++c, distance += step) {
    float pixels[PIXELS];
    UNROLLED for (int p = 0; p < PIXELS; ++p)
      pixels[p] = as_float(as_int(loadOne(from[p], distance)) & masks[p]);
    addProducts(sums, pixels, w);
  }
}

/// The first of a work-item's panels.
static int takePanel(int* left, Conv g) {
  return min(take(left, g.panels) * PANELS, (g.perGroup + kLanes - 1) / kLanes - PANELS);
}

static void finishPanels(const V* sums, int first, int panel, int group, global const T* bias,
                         global T* y, Conv g) {
  EACH_PANEL for (int q = 0; q < PANELS; ++q) {
    const int at = (panel + q) * kLanes, channel = group * g.perGroup + at;
    finish(sums + q * PIXELS, first, 1, bias, channel, min((int)kLanes, g.perGroup - at),
           y + (long)channel * g.yChannel, g);
  }
}

kernel void conv(global const T* x, global const T* w, global const T* bias, global T* y,
                 long4 places, Conv g) {
  long xAt = places.x, wAt = places.y, biasAt = places.z, yAt = places.w;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int first = take(&i, g.across) * PIXELS;
  const int row = take(&i, g.out[1]), plane = take(&i, g.out[0]);
  const int panel = takePanel(&i, g), group = take(&i, g.groups), image = i;

  x += xAt + (long)image * g.xBatch + (long)group * g.channels * g.xChannel;
  Weights weights = weightsAt(w + wAt + (long)group * g.groupSize, panel, g);

  const int column = first * g.stride[2] - g.pad[2];
  const int reach = (PIXELS - 1) * g.stride[2] + (g.taps[2] - 1) * g.dilation[2];
  const bool within = column >= 0 && column + reach < g.in[2];  // no tap of a row is on padding
  // Where the channels of neighbouring taps lie one after another, a row of taps is one run of them.
  const bool joined = g.dilation[2] * g.x[2] == g.channels * g.xChannel;
  const int runs = joined ? 1 : g.taps[2], run = joined ? g.taps[2] * g.channels : g.channels;
  V sums[PANELS * PIXELS];
  EACH_SUM for (int s = 0; s < PANELS * PIXELS; ++s) sums[s] = 0;
  for (int kz = 0; kz < g.taps[0]; ++kz) {
    const int z = plane * g.stride[0] - g.pad[0] + kz * g.dilation[0];
    for (int ky = 0; ky < g.taps[1]; ++ky) {
      const int r = row * g.stride[1] - g.pad[1] + ky * g.dilation[1];
      const bool there = z >= 0 && z < g.in[0] && r >= 0 && r < g.in[1];
      if (!there && g.leavesOut) {
        skip(&weights, g.taps[2] * g.channels);
        continue;
      }
      global const T* from[PIXELS];
      if (there && within) {
        UNROLLED for (int p = 0; p < PIXELS; ++p)
          from[p] = x + z * g.x[0] + r * g.x[1] + (column + p * g.stride[2]) * g.x[2];
        for (int kx = 0; kx < runs; ++kx)
          addAll(sums, from, (long)kx * g.dilation[2] * g.x[2], g.xChannel, run, &weights);
        continue;
      }
      for (int kx = 0; kx < g.taps[2]; ++kx) {
        int masks[PIXELS], all = -1, any = 0;
        UNROLLED for (int p = 0; p < PIXELS; ++p) {
          const int c =
              min(first + p, g.out[2] - 1) * g.stride[2] - g.pad[2] + kx * g.dilation[2];
          masks[p] = there && c >= 0 && c < g.in[2] ? -1 : 0;
          from[p] = x + (masks[p] ? z * g.x[0] + r * g.x[1] + c * g.x[2] : 0);
          all &= masks[p], any |= masks[p];
        }
        if (!any && g.leavesOut)
          skip(&weights, g.channels);
        else if (all)
          addAll(sums, from, 0, g.xChannel, g.channels, &weights);
        else
          addMasked(sums, from, masks, g.xChannel, g.channels, &weights);
      }
    }
  }

  y += yAt + (long)image * g.yBatch + (long)plane * g.y[0] + (long)row * g.y[1];
  finishPanels(sums, first, panel, group, bias + biasAt, y, g);
}

// The same of single taps, none of which is on padding.
kernel void pointwise(global const T* x, global const T* w, global const T* bias, global T* y,
                      long4 places, Conv g) {
  long xAt = places.x, wAt = places.y, biasAt = places.z, yAt = places.w;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int first = take(&i, g.across) * PIXELS;
  const int row = take(&i, g.out[1]), plane = take(&i, g.out[0]);
  const int panel = takePanel(&i, g), group = take(&i, g.groups), image = i;

  x += xAt + (long)image * g.xBatch + (long)group * g.channels * g.xChannel +
       (long)plane * g.stride[0] * g.x[0] + (long)row * g.stride[1] * g.x[1];
  global const T* from[PIXELS];
  UNROLLED for (int p = 0; p < PIXELS; ++p)
    from[p] = x + min(first + p, g.out[2] - 1) * g.stride[2] * g.x[2];
  Weights weights = weightsAt(w + wAt + (long)group * g.groupSize, panel, g);
  V sums[PANELS * PIXELS];
  EACH_SUM for (int s = 0; s < PANELS * PIXELS; ++s) sums[s] = 0;
  addAll(sums, from, 0, g.xChannel, g.channels, &weights);

  y += yAt + (long)image * g.yBatch + (long)plane * g.y[0] + (long)row * g.y[1];
  finishPanels(sums, first, panel, group, bias + biasAt, y, g);
}
#elif !defined(TAPS) && !defined(DEPTHWISE)
// One input and one output channel a group: weights are [taps][channels, padded to 16].
kernel void depthwise(global const T* x, global const T* w, global const T* bias, global T* y,
                      long4 places, Conv g) {
  long xAt = places.x, wAt = places.y, biasAt = places.z, yAt = places.w;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int channel = take(&i, g.panels) * kLanes, count = g.groups - channel;
  const int first = take(&i, g.across) * PIXELS;
  const int row = take(&i, g.out[1]), plane = take(&i, g.out[0]), image = i;

  x += xAt + (long)image * g.xBatch + (long)channel * g.xChannel;
  w += wAt + channel;
  V sum[PIXELS];
  UNROLLED for (int p = 0; p < PIXELS; ++p) sum[p] = 0;
  for (int kz = 0; kz < g.taps[0]; ++kz) {
    const int z = plane * g.stride[0] - g.pad[0] + kz * g.dilation[0];
    for (int ky = 0; ky < g.taps[1]; ++ky) {
      const int r = row * g.stride[1] - g.pad[1] + ky * g.dilation[1];
      const bool there = z >= 0 && z < g.in[0] && r >= 0 && r < g.in[1];
      for (int kx = 0; kx < g.taps[2]; ++kx, w += g.panels * kLanes) {
        const V weights = load16(w);
        const int column = first * g.stride[2] - g.pad[2] + kx * g.dilation[2];
        UNROLLED for (int p = 0; p < PIXELS; ++p) {
          const int c = column + p * g.stride[2];
          const bool inside = there && c >= 0 && c < g.in[2];
          const V value =
              inside ? load(x + z * g.x[0] + r * g.x[1] + c * g.x[2], g.xChannel, count) : (V)(0);
          sum[p] = fma(value, weights, sum[p]);
        }
      }
    }
  }
  y += yAt + (long)image * g.yBatch + (long)channel * g.yChannel + (long)plane * g.y[0] +
       (long)row * g.y[1];
  finish(sum, first, 1, bias + biasAt, channel, count, y, g);
}
#endif

// The same over two axes, of channels that lie one after another, at least 16 of them, with
// -D TAPS=… -D STRIDE=… along the last axis: what the pixels read of a row is loaded once. The last 16
// channels overlap those before, where they are not whole: both compute the same.
#ifdef TAPS
enum { kColumns = (PIXELS - 1) * STRIDE + TAPS };
#define ALL(count) __attribute__((opencl_unroll_hint(count)))

kernel void channels(global const T* x, global const T* w, global const T* bias, global T* y,
                     long4 places, Conv g) {
  long xAt = places.x, wAt = places.y, biasAt = places.z, yAt = places.w;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int channel = min(take(&i, g.panels) * kLanes, g.groups - kLanes);
  const int first = take(&i, g.across) * PIXELS;
  const int row = take(&i, g.out[1]), image = i;

  const int column = first * STRIDE - g.pad[2];
  x += xAt + (long)image * g.xBatch + channel;
  w += wAt + channel;
  V sum[PIXELS];
  UNROLLED for (int p = 0; p < PIXELS; ++p) sum[p] = 0;
  for (int ky = 0; ky < g.taps[1]; ++ky, w += TAPS * g.panels * kLanes) {
    const int r = row * g.stride[1] - g.pad[1] + ky * g.dilation[1];
    const int end = r >= 0 && r < g.in[1] ? g.in[2] : 0;  // from there on columns are padding
    if (end == 0 && g.leavesOut) continue;
    global const T* from = x + (long)r * g.x[1] + (long)column * g.x[2];
    if (column >= 0 && column + kColumns <= end) {
      V values[kColumns];
      ALL(kColumns) for (int c = 0; c < kColumns; ++c, from += g.x[2]) values[c] = load16(from);
      ALL(TAPS) for (int kx = 0; kx < TAPS; ++kx) {
        const V weights = load16(w + kx * g.panels * kLanes);
        UNROLLED for (int p = 0; p < PIXELS; ++p)
          sum[p] = fma(values[p * STRIDE + kx], weights, sum[p]);
      }
      continue;
    }
    // Column after column, which is a sum's order as well, so that what is padding is left out.
    V weights[TAPS];
    ALL(TAPS) for (int kx = 0; kx < TAPS; ++kx) weights[kx] = load16(w + kx * g.panels * kLanes);
    ALL(kColumns) for (int c = 0; c < kColumns; ++c, from += g.x[2]) {
      const bool inside = column + c >= 0 && column + c < end;
      if (!inside && g.leavesOut) continue;
      const V value = inside ? load16(from) : (V)(0);
      ALL(TAPS) for (int kx = 0; kx < TAPS; ++kx) {
        const int p = (c - kx) / STRIDE;  // whose tap it is, if the division is exact
        if (c >= kx && p < PIXELS && p * STRIDE == c - kx) sum[p] = fma(value, weights[kx], sum[p]);
      }
    }
  }
  y += yAt + (long)image * g.yBatch + (long)channel * g.yChannel + (long)row * g.y[1];
  finish(sum, first, 1, bias + biasAt, channel, kLanes, y, g);
}
#endif

// A transposed convolution: of a result those taps count that fall on inputs or on padding between
// none. Results of a work-item are a stride apart along x, so they have the same taps. With
// -D DEPTHWISE=1 each group has one input and one output channel.
#ifdef DEPTHWISE
enum { kBetween = -0x7FFFFFFF - 1 };

/// The input that a tap at a position of the stretched input falls on, or kBetween. Nearly all strides are
/// 1 and 2: to divide takes as long as a dozen products.
static int exactly(int at, int stride) {
  if (stride == 1) return at;
  if (stride == 2) return at & 1 ? kBetween : at >> 1;
  return at % stride == 0 ? at / stride : kBetween;
}

kernel void transposed(global const T* x, global const T* w, global const T* bias, global T* y,
                       long4 places, Conv g) {
  long xAt = places.x, wAt = places.y, biasAt = places.z, yAt = places.w;
  int i = get_global_id(0);
  if (i >= g.items) return;
  int block = take(&i, g.across);
  const int phase = take(&block, g.stride[2]), first = block * PIXELS * g.stride[2] + phase;
  const int row = take(&i, g.out[1]), plane = take(&i, g.out[0]), panel = take(&i, g.panels);
  const int group = DEPTHWISE ? panel * kLanes : take(&i, g.groups), image = i;
  const int channel = DEPTHWISE ? group : group * g.perGroup + panel * kLanes;
  const int count = min((int)kLanes, DEPTHWISE ? g.groups - group : g.perGroup - panel * kLanes);
  const int width =
      DEPTHWISE ? g.panels * kLanes : min((int)kLanes, (g.perGroup + 3) / 4 * 4 - panel * kLanes);
  x += xAt + (long)image * g.xBatch + (long)group * g.channels * g.xChannel;
  w += wAt + (DEPTHWISE ? group : (long)group * g.groupSize + (long)panel * kLanes * g.depth);

  V sum[PIXELS];
  UNROLLED for (int p = 0; p < PIXELS; ++p) sum[p] = 0;
  for (int kz = 0; kz < g.taps[0]; ++kz) {
    const int z = plane + g.pad[0] - kz * g.dilation[0], atZ = exactly(z, g.stride[0]);
    if (atZ == kBetween) continue;
    for (int ky = 0; ky < g.taps[1]; ++ky) {
      const int r = row + g.pad[1] - ky * g.dilation[1], atRow = exactly(r, g.stride[1]);
      if (atRow == kBetween) continue;
      const bool there = atZ >= 0 && atZ < g.in[0] && atRow >= 0 && atRow < g.in[1];
      for (int kx = 0; kx < g.taps[2]; ++kx) {
        const int c = first + g.pad[2] - kx * g.dilation[2], atColumn = exactly(c, g.stride[2]);
        if (atColumn == kBetween) continue;
        global const T* from[PIXELS];
        global const T* tap = w + (long)((kz * g.taps[1] + ky) * g.taps[2] + kx) * g.channels * width;
        if (!DEPTHWISE && there && atColumn >= 0 && atColumn + PIXELS <= g.in[2]) {
          UNROLLED for (int p = 0; p < PIXELS; ++p)
            from[p] = x + atZ * g.x[0] + atRow * g.x[1] + (atColumn + p) * g.x[2];
          for (int k = 0; k < g.channels; ++k, tap += width) {
            const V weights = load16(tap);
            UNROLLED for (int p = 0; p < PIXELS; ++p)
              sum[p] = fma((V)(loadOne(from[p], (long)k * g.xChannel)), weights, sum[p]);
          }
          continue;
        }
        int masks[PIXELS];
        UNROLLED for (int p = 0; p < PIXELS; ++p) {
          masks[p] = there && atColumn + p >= 0 && atColumn + p < g.in[2] ? -1 : 0;
          from[p] = x + (masks[p] ? atZ * g.x[0] + atRow * g.x[1] + (atColumn + p) * g.x[2] : 0);
        }
        long distance = 0;
        for (int k = 0; k < g.channels; ++k, distance += g.xChannel, tap += width) {
          const V weights = load16(tap);
          UNROLLED for (int p = 0; p < PIXELS; ++p) {
            const V value = DEPTHWISE ? load(from[p] + distance, g.xChannel, count)
                                      : (V)(loadOne(from[p], distance));
            sum[p] = fma(as_float16(as_int16(value) & masks[p]), weights, sum[p]);
          }
        }
      }
    }
  }
  y += yAt + (long)image * g.yBatch + (long)channel * g.yChannel + (long)plane * g.y[0] +
       (long)row * g.y[1];
  finish(sum, first, g.stride[2], bias + biasAt, channel, count, y, g);
}
#endif
