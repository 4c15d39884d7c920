// Pooling by the CPU's order of taps, 16 channels at a time; the last ones overlap those before, where
// they are not whole. What a window holds along an axis is a row of three numbers in `spans`: its
// first input, how many, and how many count. Compiled with -D AVERAGE=0 or 1.

typedef struct {
  int items, blocks, run, channels;  // blocks of `run` channels
  int out[3], spans[3];  // positions along each axis, and where their rows begin
  int xBatch, xChannel, x[3], step[3], yBatch, yChannel, y[3];  // strides; from tap to tap
  int countIncludePad;
} Pool;

#define EACH_TAP(kz, ky, kx)               \
  for (int kz = 0; kz < count[0]; ++kz)   \
    for (int ky = 0; ky < count[1]; ++ky) \
      for (int kx = 0; kx < count[2]; ++kx)

/// The tap at a window's position, of up to 16 channels a step apart.
static V tapOf(global const T* window, int kz, int ky, int kx, int step, int lanes, Pool g) {
  global const T* tap = window + kz * g.step[0] + ky * g.step[1] + kx * g.step[2];
  return step == 1 && lanes >= kLanes ? load16(tap) : load(tap, step, lanes);
}

static V sumOf(global const T* window, const int* count, int step, int lanes, Pool g) {
  V sum = 0;
  for (int kz = 0; kz < count[0]; ++kz)
    for (int ky = 0; ky < count[1]; ++ky) {
      V row = 0;
      for (int kx = 0; kx < count[2]; ++kx) row = Add(row, tapOf(window, kz, ky, kx, step, lanes, g));
      sum = Add(sum, row);
    }
  return sum;
}

/// The first NaN, if there is one: looked for apart, which is three times as quick.
static V greatestOf(global const T* window, const int* count, int step, int lanes, Pool g) {
  V most = -INFINITY;
  int16 odd = 0;
  EACH_TAP(kz, ky, kx) {
    const V value = tapOf(window, kz, ky, kx, step, lanes, g);
    most = Gt(value, most) ? value : most;
    odd |= value != value;
  }
  if (any(odd))
    EACH_TAP(kz, ky, kx) {
      const V value = tapOf(window, kz, ky, kx, step, lanes, g);
      most = ((value != value) & (most == most)) ? value : most;
    }
  return most;
}

#if AVERAGE
#define REDUCED sumOf
#else
#define REDUCED greatestOf
#endif

kernel void pool(global const T* x, global const int* spans, global T* y, long4 places, Pool g) {
  long xAt = places.x, spansAt = places.y, yAt = places.z;
  int i = get_global_id(0);
  if (i >= g.items) return;
  const int first = take(&i, g.blocks) * g.run, end = min(first + g.run, g.channels);
  x += xAt, y += yAt;
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

  const bool whole = g.xChannel == 1 && g.channels >= kLanes;
  for (int c = first; c < end; c += kLanes) {
    const int channel = max(min(c, g.channels - kLanes), 0), lanes = g.channels - channel;
    // Mostly they are neighbours, and whole vectors: nothing is asked then at a tap.
    const V value = whole ? REDUCED(x + channel, count, 1, kLanes, g)
                          : REDUCED(x + (long)channel * g.xChannel, count, g.xChannel, lanes, g);
    const V scaled = divisor > 0 ? Mul(value, (V)(1.0f / (float)divisor)) : (V)(0);
    store(AVERAGE ? scaled : Add(value, (V)(0)), y + (long)channel * g.yChannel, g.yChannel, lanes);
  }
}
