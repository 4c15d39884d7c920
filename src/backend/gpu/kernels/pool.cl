// Pooling by the CPU's order of taps, 16 channels a work-item; the last ones overlap those before, where they are not
// whole. What a window holds along an axis is
// a row of three numbers in `spans`: its first input, how many, and how many count.
// Compiled with -D AVERAGE=0 or 1.

typedef struct {
  int items, blocks, channels;
  int out[3], spans[3];  // positions along each axis, and where their rows begin
  int xBatch, xChannel, x[3], step[3], yBatch, yChannel, y[3];  // strides; from tap to tap
  int countIncludePad;
} Pool;

kernel void pool(global const float* x, long xAt, global const int* spans, long spansAt,
                 global float* y, long yAt, Pool g) {
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int channel = max(min(take(&i, g.blocks) * kLanes, g.channels - kLanes), 0);
  const int lanes = g.channels - channel;
  x += xAt + (long)channel * g.xChannel;
  y += yAt + (long)channel * g.yChannel;
  int count[3], divisor = 1;
  for (int axis = 2; axis >= 0; --axis) {
    const int at = take(&i, g.out[axis]);
    global const int* span = spans + spansAt + g.spans[axis] + 3 * at;
    count[axis] = span[1];
    divisor *= g.countIncludePad ? span[2] : span[1];
    x += (long)span[0] * g.x[axis];
    y += (long)at * g.y[axis];
  }
  x += (long)i * g.xBatch;
  y += (long)i * g.yBatch;

  const bool whole = g.xChannel == 1 && lanes >= kLanes;
  V result = AVERAGE ? (V)(0) : (V)(-INFINITY);
  for (int kz = 0; kz < count[0]; ++kz)
    for (int ky = 0; ky < count[1]; ++ky) {
      V row = 0;
      for (int kx = 0; kx < count[2]; ++kx) {
        global const float* from = x + kz * g.step[0] + ky * g.step[1] + kx * g.step[2];
        const V value = whole ? vload16(0, from) : load(from, g.xChannel, lanes);
        if (AVERAGE)
          row = Add(row, value);
        else
          result = Gt(value, result) | ((value != value) & (result == result)) ? value : result;
      }
      if (AVERAGE) result = Add(result, row);
    }
  if (AVERAGE)
    result = divisor > 0 ? Mul(result, (V)(1.0f / (float)divisor)) : (V)(0);
  else
    result = Add(result, (V)(0));
  store(result, y, g.yChannel, lanes);
}
