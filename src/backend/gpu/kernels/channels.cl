// What has parameters, or neighbours, along channels: 16 neighbouring elements a work-item.

typedef struct {
  int items, blocks, rank, extent[8], x[8], parameters[8], y[8];
  int each;  // parameters: so many means, then factors, then biases
} BatchNormalization;

kernel void batchNormalization(global const T* x, global const float* parameters, global T* y,
                               long4 places, BatchNormalization g) {
  long xAt = places.x, at = places.y, yAt = places.z;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int last = g.rank - 1, first = take(&i, g.blocks) * kLanes, count = g.extent[last] - first;
  xAt += (long)first * g.x[last], yAt += (long)first * g.y[last];
  at += (long)first * g.parameters[last];
  for (int axis = last - 1; axis >= 0; --axis) {
    const int position = take(&i, g.extent[axis]);
    xAt += (long)position * g.x[axis], yAt += (long)position * g.y[axis];
    at += (long)position * g.parameters[axis];
  }
  parameters += at;
  const int step = g.parameters[last];
  const V centred = Sub(load(x + xAt, g.x[last], count), loadFloats(parameters, step, count));
  const V factor = loadFloats(parameters + g.each, step, count);
  const V bias = loadFloats(parameters + 2 * g.each, step, count);
  store(MulAdd(centred, factor, bias), y + yAt, g.y[last], count);
}

typedef struct {
  int items, blocks, channels;  // blocks of 16 channels
  int before, after;            // neighbours
  int rank, extent[8], x[8], y[8];  // all other axes
  int xChannel, yChannel;
  float weight, beta, bias;
} Lrn;

kernel void lrn(global const T* x, global T* y, long4 places, Lrn g) {
  long xAt = places.x, yAt = places.y;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int channel = take(&i, g.blocks) * kLanes, count = g.channels - channel;
  x += xAt, y += yAt + (long)channel * g.yChannel;
  for (int axis = g.rank - 1; axis >= 0; --axis) {
    const int at = take(&i, g.extent[axis]);
    x += (long)at * g.x[axis], y += (long)at * g.y[axis];
  }
  V sum = 0;
  for (int tap = channel - g.before; tap <= channel + g.after; ++tap) {
    float lanes[kLanes];
    for (int l = 0; l < kLanes; ++l)  // no neighbour: 0
      lanes[l] =
          tap + l >= 0 && tap + l < g.channels ? loadOne(x, (long)(tap + l) * g.xChannel) : 0;
    const V value = vload16(0, lanes);
    sum = MulAdd(value, value, sum);
  }
  const V base = MulAdd((V)(g.weight), sum, (V)(g.bias));
  const V by = exponential(0, Neg(Mul((V)(g.beta), logarithm(0, base))));
  store(Mul(load(x + (long)channel * g.xChannel, g.xChannel, count), by), y, g.yChannel, count);
}
