// Truth values, a byte each, whose places are counted in fours of them: comparisons, what is made of
// truth values, and choices by them.

typedef struct {
  int items, blocks, rank;
  int extent[8], y[8], a[8], b[8], c[8];
} Truth;

enum { kY, kA, kB, kC };

/// Of a work-item: how far its first element is from each operand's, and how many there are.
typedef struct {
  int count;
  long at[4];
} Place;

static Place placeOf(const Truth* g, int i) {
  const int last = g->rank - 1, first = take(&i, g->blocks) * kLanes;
  Place place = {min((int)kLanes, g->extent[last] - first),
                 {(long)first * g->y[last], (long)first * g->a[last], (long)first * g->b[last],
                  (long)first * g->c[last]}};
  for (int axis = last - 1; axis >= 0; --axis) {
    const long at = take(&i, g->extent[axis]);
    place.at[kY] += at * g->y[axis], place.at[kA] += at * g->a[axis];
    place.at[kB] += at * g->b[axis], place.at[kC] += at * g->c[axis];
  }
  return place;
}

/// -1 for true.
static int16 loadTruth(global const uchar* from, int step, int count) {
  int lanes[kLanes];
  for (int l = 0; l < kLanes; ++l) lanes[l] = l < count && from[l * step] != 0 ? -1 : 0;
  return vload16(0, lanes);
}

static void storeTruth(int16 value, global uchar* to, int step, int count) {
  int lanes[kLanes];
  vstore16(value, 0, lanes);
  for (int l = 0; l < count; ++l) to[l * step] = lanes[l] != 0;
}

// -D COMPARE=Equal …
#define Equal(a, b) Eq(a, b)
#define Less(a, b) Lt(a, b)
#define LessOrEqual(a, b) Le(a, b)
#define Greater(a, b) Gt(a, b)
#define GreaterOrEqual(a, b) Le(b, a)
#define IsNaN(a, b) ((a) != (a))

#ifdef COMPARE
kernel void compare(global const T* a, global const T* b, global uchar* y, long4 places, Truth g) {
  long aAt = places.x, bAt = places.y, yAt = places.z;
  if (get_global_id(0) >= g.items) return;
  const Place place = placeOf(&g, get_global_id(0));
  const int last = g.rank - 1;
  const V left = load(a + aAt + place.at[kA], g.a[last], place.count);
  const V right = load(b + bAt + place.at[kB], g.b[last], place.count);
  storeTruth(COMPARE(left, right), y + 4 * yAt + place.at[kY], g.y[last], place.count);
}
#endif

// -D DECIDE=And …
#define And(a, b) ((a) & (b))
#define Or(a, b) ((a) | (b))
#define Xor(a, b) ((a) ^ (b))
#define Same(a, b) (~((a) ^ (b)))
#define Not(a, b) (~(a))

#ifdef DECIDE
kernel void decide(global const uchar* a, global const uchar* b, global uchar* y, long4 places,
                   Truth g) {
  long aAt = places.x, bAt = places.y, yAt = places.z;
  if (get_global_id(0) >= g.items) return;
  const Place place = placeOf(&g, get_global_id(0));
  const int last = g.rank - 1;
  const int16 left = loadTruth(a + 4 * aAt + place.at[kA], g.a[last], place.count);
  const int16 right = loadTruth(b + 4 * bAt + place.at[kB], g.b[last], place.count);
  storeTruth(DECIDE(left, right), y + 4 * yAt + place.at[kY], g.y[last], place.count);
}
#endif

// a ? b : c.
kernel void choose(global const uchar* a, global const T* b, global const T* c, global T* y,
                   long4 places, Truth g) {
  long aAt = places.x, bAt = places.y, cAt = places.z, yAt = places.w;
  if (get_global_id(0) >= g.items) return;
  const Place place = placeOf(&g, get_global_id(0));
  const int last = g.rank - 1;
  const int16 chosen = loadTruth(a + 4 * aAt + place.at[kA], g.a[last], place.count);
  const V left = load(b + bAt + place.at[kB], g.b[last], place.count);
  const V right = load(c + cAt + place.at[kC], g.c[last], place.count);
  store(chosen ? left : right, y + yAt + place.at[kY], g.y[last], place.count);
}
