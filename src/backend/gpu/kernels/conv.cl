// Convolution by the CPU's order of sums: fused multiply-add from 0 over (kz, ky, kx, channel), a tap
// on padding multiplying zero; then the bias and the epilogue. Weights are panels of 16 output
// channels (kernels/packing.h). Inputs below 2^-126 are taken as they are: to make them 0 here would
// take as long as the sums. Compiled with -D EPILOGUE=… -D PIXELS=…, the results along x that a
// work-item computes for each of its 16 channels.

typedef struct {
  int items, across;                // work-items; blocks along the last axis
  int groups, panels, perGroup;     // output channels of a group
  int channels, depth, groupSize;   // input channels of a group; rows of a panel; floats of a group
  int taps[3], stride[3], dilation[3], pad[3], in[3], out[3];
  int xBatch, xChannel, x[3], yBatch, yChannel, y[3];  // strides
  int bias;                         // stride, -1 for none
  float alpha, beta;
} Conv;

#define UNROLLED __attribute__((opencl_unroll_hint(PIXELS)))
#define JOINED(a, b) a##b
#define EVALUATE(name) JOINED(evaluate, name)

/// Stores the results along x, `step` apart, that are there.
static void finish(const V* sums, int first, int step, global const float* bias, int channel,
                   int count, global float* y, Conv g) {
  const V added = g.bias < 0 ? (V)(0) : load(bias + (long)channel * g.bias, g.bias, count);
  UNROLLED for (int p = 0; p < PIXELS; ++p)
    if (first + p * step < g.out[2])
      store(EVALUATE(EPILOGUE)((Function){g.alpha, g.beta}, 0, Add(sums[p], added)),
            y + (long)(first + p * step) * g.y[2], g.yChannel, count);
}

kernel void conv(global const float* x, long xAt, global const float* w, long wAt,
                 global const float* bias, long biasAt, global float* y, long yAt, Conv g) {
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int first = i % g.across * PIXELS;
  i /= g.across;
  const int row = i % g.out[1];
  i /= g.out[1];
  const int plane = i % g.out[0];
  i /= g.out[0];
  const int panel = i % g.panels;
  i /= g.panels;
  const int group = i % g.groups, image = i / g.groups;

  x += xAt + (long)image * g.xBatch + (long)group * g.channels * g.xChannel;
  const int width = min((int)kLanes, (g.perGroup + 3) / 4 * 4 - panel * kLanes);
  w += wAt + (long)group * g.groupSize + (long)panel * kLanes * g.depth;

  V sum[PIXELS];
  UNROLLED for (int p = 0; p < PIXELS; ++p) sum[p] = 0;
  for (int kz = 0; kz < g.taps[0]; ++kz) {
    const int z = plane * g.stride[0] - g.pad[0] + kz * g.dilation[0];
    for (int ky = 0; ky < g.taps[1]; ++ky) {
      const int r = row * g.stride[1] - g.pad[1] + ky * g.dilation[1];
      const bool there = z >= 0 && z < g.in[0] && r >= 0 && r < g.in[1];
      for (int kx = 0; kx < g.taps[2]; ++kx) {
        int at[PIXELS];
        bool inside[PIXELS], all = there;
        UNROLLED for (int p = 0; p < PIXELS; ++p) {
          const int c =
              min(first + p, g.out[2] - 1) * g.stride[2] - g.pad[2] + kx * g.dilation[2];
          inside[p] = there && c >= 0 && c < g.in[2];
          at[p] = inside[p] ? z * g.x[0] + r * g.x[1] + c * g.x[2] : 0;
          all = all && inside[p];
        }
        if (all) {
          for (int c = 0; c < g.channels; ++c, w += width) {
            const V weights = vload16(0, w);
            UNROLLED for (int p = 0; p < PIXELS; ++p)
              sum[p] = fma((V)(x[at[p] + c * g.xChannel]), weights, sum[p]);
          }
        } else {
          for (int c = 0; c < g.channels; ++c, w += width) {
            const V weights = vload16(0, w);
            UNROLLED for (int p = 0; p < PIXELS; ++p)
              sum[p] = fma((V)(inside[p] ? x[at[p] + c * g.xChannel] : 0), weights, sum[p]);
          }
        }
      }
    }
  }

  const int channel = group * g.perGroup + panel * kLanes;
  const int count = min((int)kLanes, g.perGroup - panel * kLanes);
  y += yAt + (long)image * g.yBatch + (long)channel * g.yChannel + (long)plane * g.y[0] +
       (long)row * g.y[1];
  finish(sum, first, 1, bias + biasAt, channel, count, y, g);
}

// One input and one output channel a group: weights are [taps][channels, padded to 16].
kernel void depthwise(global const float* x, long xAt, global const float* w, long wAt,
                      global const float* bias, long biasAt, global float* y, long yAt, Conv g) {
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int channel = i % g.panels * kLanes, count = g.groups - channel;
  i /= g.panels;
  const int first = i % g.across * PIXELS;
  i /= g.across;
  const int row = i % g.out[1];
  i /= g.out[1];
  const int plane = i % g.out[0], image = i / g.out[0];

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
        const V weights = vload16(0, w);
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

// A transposed convolution: of a result those taps count that fall on inputs or on padding between
// none. Results of a work-item are a stride apart along x, so they have the same taps. With
// -D DEPTHWISE=1 each group has one input and one output channel.
#ifdef DEPTHWISE
kernel void transposed(global const float* x, long xAt, global const float* w, long wAt,
                       global const float* bias, long biasAt, global float* y, long yAt, Conv g) {
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int block = i % g.across;
  const int first = block / g.stride[2] * PIXELS * g.stride[2] + block % g.stride[2];
  i /= g.across;
  const int row = i % g.out[1];
  i /= g.out[1];
  const int plane = i % g.out[0];
  i /= g.out[0];
  const int panel = i % g.panels;
  i /= g.panels;
  const int group = DEPTHWISE ? panel * kLanes : i % g.groups, image = i / (DEPTHWISE ? 1 : g.groups);
  const int channel = DEPTHWISE ? group : group * g.perGroup + panel * kLanes;
  const int count = min((int)kLanes, DEPTHWISE ? g.groups - group : g.perGroup - panel * kLanes);
  const int width =
      DEPTHWISE ? g.panels * kLanes : min((int)kLanes, (g.perGroup + 3) / 4 * 4 - panel * kLanes);
  x += xAt + (long)image * g.xBatch + (long)group * g.channels * g.xChannel;
  w += wAt + (DEPTHWISE ? group : (long)group * g.groupSize + (long)panel * kLanes * g.depth);

  V sum[PIXELS];
  UNROLLED for (int p = 0; p < PIXELS; ++p) sum[p] = 0;
  for (int kz = 0; kz < g.taps[0]; ++kz)
    for (int ky = 0; ky < g.taps[1]; ++ky)
      for (int kx = 0; kx < g.taps[2]; ++kx, w += g.channels * width) {
        const int z = plane + g.pad[0] - kz * g.dilation[0], r = row + g.pad[1] - ky * g.dilation[1];
        const int c = first + g.pad[2] - kx * g.dilation[2];
        if (z % g.stride[0] != 0 || r % g.stride[1] != 0 || c % g.stride[2] != 0) continue;
        const int atZ = z / g.stride[0], atRow = r / g.stride[1], atColumn = c / g.stride[2];
        const bool there = atZ >= 0 && atZ < g.in[0] && atRow >= 0 && atRow < g.in[1];
        global const float* row = x + atZ * g.x[0] + atRow * g.x[1];
        for (int k = 0; k < g.channels; ++k) {
          const V weights = vload16(0, w + (long)k * width);
          UNROLLED for (int p = 0; p < PIXELS; ++p) {
            V value = 0;
            if (there && atColumn + p >= 0 && atColumn + p < g.in[2]) {
              global const float* from = row + (atColumn + p) * g.x[2] + k * g.xChannel;
              value = DEPTHWISE ? load(from, g.xChannel, count) : (V)(*from);
            }
            sum[p] = fma(value, weights, sum[p]);
          }
        }
      }
  y += yAt + (long)image * g.yBatch + (long)channel * g.yChannel + (long)plane * g.y[0] +
       (long)row * g.y[1];
  finish(sum, first, g.stride[2], bias + biasAt, channel, count, y, g);
}
#endif
