// What has parameters, or neighbours, along channels, as channels.cl has it.
TENSOR(0, X, x)

#ifdef KERNEL_batchNormalization
FLOATS(1, Parameters, parameters)
TENSOR(2, Y, y)

void batchNormalization(int i) {
  int last = g.rank - 1, first = i % g.blocks * kLanes, count = g.extent[last] - first;
  int from = at[0] + first * g.x[last], to = at[2] + first * g.y[last];
  int row = at[1] + first * g.parameters[last];
  i /= g.blocks;
  for (int axis = last - 1; axis >= 0; i /= g.extent[axis--]) {
    int position = i % g.extent[axis];
    from += position * g.x[axis], to += position * g.y[axis];
    row += position * g.parameters[axis];
  }
  int step = g.parameters[last];
  V centred = Sub(LOAD(x, from, g.x[last], count), LOAD_FLOATS(parameters, row, step, count));
  V factor = LOAD_FLOATS(parameters, row + g.each, step, count);
  V bias = LOAD_FLOATS(parameters, row + 2 * g.each, step, count);
  STORE(MulAdd(centred, factor, bias), y, to, g.y[last], count)
}
#endif

#ifdef KERNEL_lrn
TENSOR(1, Y, y)

void lrn(int i) {
  int channel = i % g.blocks * kLanes, count = g.channels - channel;
  i /= g.blocks;
  int from = at[0], to = at[1] + channel * g.yChannel;
  for (int axis = g.rank - 1; axis >= 0; i /= g.extent[axis--]) {
    from += i % g.extent[axis] * g.x[axis];
    to += i % g.extent[axis] * g.y[axis];
  }
  V sum = V(0);
  for (int tap = channel - g.before; tap <= channel + g.after; ++tap) {
    V value = V(0);  // no neighbour: 0
    for (int l = 0; l < kLanes; ++l)
      if (tap + l >= 0 && tap + l < g.channels) value[l] = AT(x, from + (tap + l) * g.xChannel);
    sum = MulAdd(value, value, sum);
  }
  V base = MulAdd(V(g.weight), sum, V(g.bias));
  V by = exponential(0, Neg(Mul(V(g.beta), logarithm(0, base))));
  STORE(Mul(LOAD(x, from + channel * g.xChannel, g.xChannel, count), by), y, to, g.yChannel, count)
}
#endif
