// Pooling by the CPU's order of taps, 4 channels a work-item, as pool.cl has it.
TENSOR(0, X, x)
INTS(1, Spans, spans)
TENSOR(2, Y, y)

void pool(int i) {
  int channel = i % g.blocks * kLanes, lanes = g.channels - channel;
  i /= g.blocks;
  int from = at[0] + channel * g.xChannel, to = at[2] + channel * g.yChannel;
  int count[3], divisor = 1;
  for (int axis = 2; axis >= 0; --axis) {
    int position = i % g.out[axis];
    i /= g.out[axis];
    int span = at[1] + g.spans[axis] + 3 * position;
    count[axis] = spans[span + 1];
    divisor *= g.countIncludePad != 0 ? spans[span + 2] : spans[span + 1];
    from += spans[span] * g.x[axis];
    to += position * g.y[axis];
  }
  from += i * g.xBatch;
  to += i * g.yBatch;

  V result = V(AVERAGE == 1 ? 0.0 : -INFINITY);
  for (int kz = 0; kz < count[0]; ++kz)
    for (int ky = 0; ky < count[1]; ++ky) {
      V row = V(0);
      for (int kx = 0; kx < count[2]; ++kx) {
        int tap = from + kz * g.step[0] + ky * g.step[1] + kx * g.step[2];
        V value = LOAD(x, tap, g.xChannel, lanes);
        if (AVERAGE == 1)
          row = Add(row, value);
        else
          result = IfThenElse(Gt(value, result), value,
                              IfThenElse(IsNaN(result), result,
                                         IfThenElse(IsNaN(value), value, result)));
      }
      if (AVERAGE == 1) result = Add(result, row);
    }
  if (AVERAGE == 1)
    result = divisor > 0 ? Mul(result, V(1.0 / float(divisor))) : V(0);
  else
    result = Add(result, V(0));
  STORE(result, y, to, g.yChannel, lanes)
}
