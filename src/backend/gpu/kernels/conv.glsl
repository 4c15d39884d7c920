// Convolution by the CPU's order of sums, as conv.cl has it, 4 channels and PIXELS results along x a
// work-item. Weights are panels of 16 channels (kernels/packing.h): a work-item takes a quarter of one.
TENSOR(0, X, x)
WEIGHTS(1, W, w)
TENSOR(2, Bias, bias)
TENSOR(3, Y, y)

/// Stores the results along x, `step` apart, that are there.
void finish(V sum[PIXELS], int first, int step, int channel, int count, int to) {
  V added = V(0);
  if (g.bias >= 0) added = LOAD(bias, at[2] + channel * g.bias, g.bias, count);
  for (int p = 0; p < PIXELS; ++p)
    if (first + p * step < g.out[2])
      STORE(EPILOGUE(Function(g.alpha, g.beta), 0, Add(sum[p], added)), y,
            to + (first + p * step) * g.y[2], g.yChannel, count)
}

#ifdef KERNEL_conv
void conv(int i) {
  int first = i % g.across * PIXELS;
  i /= g.across;
  int row = i % g.out[1];
  i /= g.out[1];
  int plane = i % g.out[0];
  i /= g.out[0];
  int panel = i % g.panels;
  i /= g.panels;
  int group = i % g.groups, image = i / g.groups;

  int from = at[0] + image * g.xBatch + group * g.channels * g.xChannel;
  int wide = panel / 4;  // of 16 channels
  int width = min(4, (g.perGroup + 3) / 4 - wide * 4);
  int weights = (at[1] + group * g.groupSize + wide * 16 * g.depth) / 4 + panel % 4;

  V sum[PIXELS];
  for (int p = 0; p < PIXELS; ++p) sum[p] = V(0);
  for (int kz = 0; kz < g.taps[0]; ++kz) {
    int z = plane * g.stride[0] - g.pad[0] + kz * g.dilation[0];
    for (int ky = 0; ky < g.taps[1]; ++ky) {
      int r = row * g.stride[1] - g.pad[1] + ky * g.dilation[1];
      bool there = z >= 0 && z < g.in[0] && r >= 0 && r < g.in[1];
      for (int kx = 0; kx < g.taps[2]; ++kx) {
        int tap[PIXELS];
        bool inside[PIXELS];
        for (int p = 0; p < PIXELS; ++p) {
          int c = min(first + p, g.out[2] - 1) * g.stride[2] - g.pad[2] + kx * g.dilation[2];
          inside[p] = there && c >= 0 && c < g.in[2];
          tap[p] = from + (inside[p] ? z * g.x[0] + r * g.x[1] + c * g.x[2] : 0);
        }
        for (int c = 0; c < g.channels; ++c, weights += width)
          for (int p = 0; p < PIXELS; ++p) {
            float value = AT(x, tap[p] + c * g.xChannel);  // before it is asked for: no branch
            sum[p] += V(inside[p] ? value : 0.0) * WEIGHT(w, weights);
          }
      }
    }
  }
  int channel = group * g.perGroup + panel * kLanes;
  finish(sum, first, 1, channel, g.perGroup - panel * kLanes,
         at[3] + image * g.yBatch + channel * g.yChannel + plane * g.y[0] + row * g.y[1]);
}
#endif

#ifdef KERNEL_depthwise
// One input and one output channel a group: weights are [taps][channels, padded to 16].
void depthwise(int i) {
  int panel = i % g.panels, channel = panel * kLanes, count = g.groups - channel;
  i /= g.panels;
  int first = i % g.across * PIXELS;
  i /= g.across;
  int row = i % g.out[1];
  i /= g.out[1];
  int plane = i % g.out[0], image = i / g.out[0];

  int from = at[0] + image * g.xBatch + channel * g.xChannel;
  int weights = at[1] / 4 + panel, width = (g.groups + 15) / 16 * 4;
  V sum[PIXELS];
  for (int p = 0; p < PIXELS; ++p) sum[p] = V(0);
  for (int kz = 0; kz < g.taps[0]; ++kz) {
    int z = plane * g.stride[0] - g.pad[0] + kz * g.dilation[0];
    for (int ky = 0; ky < g.taps[1]; ++ky) {
      int r = row * g.stride[1] - g.pad[1] + ky * g.dilation[1];
      bool there = z >= 0 && z < g.in[0] && r >= 0 && r < g.in[1];
      for (int kx = 0; kx < g.taps[2]; ++kx, weights += width) {
        int column = first * g.stride[2] - g.pad[2] + kx * g.dilation[2];
        for (int p = 0; p < PIXELS; ++p) {
          int c = column + p * g.stride[2];
          bool inside = there && c >= 0 && c < g.in[2];
          int tap = from + (inside ? z * g.x[0] + r * g.x[1] + c * g.x[2] : 0);
          V value = LOAD(x, tap, g.xChannel, count);
          sum[p] += (inside ? value : V(0)) * WEIGHT(w, weights);
        }
      }
    }
  }
  finish(sum, first, 1, channel, count,
         at[3] + image * g.yBatch + channel * g.yChannel + plane * g.y[0] + row * g.y[1]);
}
#endif

#ifdef KERNEL_transposed
// A transposed convolution: results of a work-item are a stride apart along x, so they have the same
// taps. With -D DEPTHWISE=1 each group has one input and one output channel.
void transposed(int i) {
  int block = i % g.across;
  int first = block / g.stride[2] * PIXELS * g.stride[2] + block % g.stride[2];
  i /= g.across;
  int row = i % g.out[1];
  i /= g.out[1];
  int plane = i % g.out[0];
  i /= g.out[0];
  int panel = i % g.panels;
  i /= g.panels;
  bool depthwise = DEPTHWISE == 1;
  int group = depthwise ? panel * kLanes : i % g.groups, image = i / (depthwise ? 1 : g.groups);
  int channel = depthwise ? group : group * g.perGroup + panel * kLanes;
  int count = depthwise ? g.groups - group : g.perGroup - panel * kLanes;
  int wide = panel / 4;  // of 16 channels
  int width = depthwise ? (g.groups + 15) / 16 * 4 : min(4, (g.perGroup + 3) / 4 - wide * 4);
  int weights = depthwise ? at[1] / 4 + panel
                          : (at[1] + group * g.groupSize + wide * 16 * g.depth) / 4 + panel % 4;
  int from = at[0] + image * g.xBatch + group * g.channels * g.xChannel;

  V sum[PIXELS];
  for (int p = 0; p < PIXELS; ++p) sum[p] = V(0);
  for (int kz = 0; kz < g.taps[0]; ++kz)
    for (int ky = 0; ky < g.taps[1]; ++ky)
      for (int kx = 0; kx < g.taps[2]; ++kx, weights += g.channels * width) {
        int z = plane + g.pad[0] - kz * g.dilation[0], r = row + g.pad[1] - ky * g.dilation[1];
        int c = first + g.pad[2] - kx * g.dilation[2];
        int atZ = z / g.stride[0], atRow = r / g.stride[1], atColumn = c / g.stride[2];
        if (atZ * g.stride[0] != z || atRow * g.stride[1] != r || atColumn * g.stride[2] != c)
          continue;
        bool there = atZ >= 0 && atZ < g.in[0] && atRow >= 0 && atRow < g.in[1];
        for (int p = 0; p < PIXELS; ++p) {
          bool inside = there && atColumn + p >= 0 && atColumn + p < g.in[2];
          int tap = from + (inside ? atZ * g.x[0] + atRow * g.x[1] + (atColumn + p) * g.x[2] : 0);
          for (int k = 0; k < g.channels; ++k) {
            V value = V(AT(x, tap + k * g.xChannel));
            if (depthwise) value = LOAD(x, tap, g.xChannel, count);
            sum[p] += (inside ? value : V(0)) * WEIGHT(w, weights + k * width);
          }
        }
      }
  finish(sum, first, g.stride[2], channel, count,
         at[3] + image * g.yBatch + channel * g.yChannel + plane * g.y[0] + row * g.y[1]);
}
#endif
