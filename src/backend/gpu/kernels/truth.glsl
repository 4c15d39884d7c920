// Truth values as truth.cl has them. A shader addresses words of four bytes, which work-items share: each
// takes its own bytes out of a word and puts them in by atomic operations, which leave the others'.

int count;    // elements of this work-item
ivec4 place;  // how far its first one is from each operand's: y, a, b, c

ivec4 stridesOf(int axis) { return ivec4(g.y[axis], g.a[axis], g.b[axis], g.c[axis]); }

void findPlace(int i) {
  int last = g.rank - 1, left = i / g.blocks, first = (i - left * g.blocks) * kLanes;
  count = min(kLanes, g.extent[last] - first);
  place = first * stridesOf(last);
  for (int axis = last - 1; axis >= 0; --axis) {
    int rest = left / g.extent[axis];
    place += (left - rest * g.extent[axis]) * stridesOf(axis);
    left = rest;
  }
}

#define TRUTH(from, byte) min((from[(byte) >> 2] >> (((byte) & 3) * 8)) & 0xFF, 1)
#define LOAD_TRUTH(from, first, step)                                                         \
  ivec4(TRUTH(from, first), TRUTH(from, (first) + min(1, count - 1) * (step)),                 \
        TRUTH(from, (first) + min(2, count - 1) * (step)),                                     \
        TRUTH(from, (first) + min(3, count - 1) * (step)))
#define STORE_TRUTH(value, to, first, step)                       \
  for (int l = 0; l < count; ++l) {                               \
    int byte = (first) + l * (step), bits = (byte & 3) * 8;       \
    atomicAnd(to[byte >> 2], ~(0xFF << bits));                    \
    atomicOr(to[byte >> 2], (value)[l] << bits);                  \
  }

// -D COMPARE=Equal …
#define Equal(a, b) Eq(a, b)
#define Less(a, b) Lt(a, b)
#define LessOrEqual(a, b) Le(a, b)
#define Greater(a, b) Gt(a, b)
#define GreaterOrEqual(a, b) Le(b, a)
#define IsNaN(a, b) greaterThan(floatBitsToUint(Abs(a)), uvec4(0x7F800000u))

#ifdef COMPARE
TENSOR(0, A, a)
TENSOR(1, B, b)
INTS(2, Y, y)

void compare(int i) {
  findPlace(i);
  int last = g.rank - 1;
  V left = LOAD(a, at[0] + place.y, g.a[last], count);
  V right = LOAD(b, at[1] + place.z, g.b[last], count);
  ivec4 value = ivec4(COMPARE(left, right));
  STORE_TRUTH(value, y, 4 * at[2] + place.x, g.y[last])
}
#endif

// -D DECIDE=And …
#define And(a, b) ((a) & (b))
#define Or(a, b) ((a) | (b))
#define Xor(a, b) ((a) ^ (b))
#define Same(a, b) (1 - ((a) ^ (b)))
#define Not(a, b) (1 - (a))

#ifdef DECIDE
INTS(0, A, a)
INTS(1, B, b)
INTS(2, Y, y)

void decide(int i) {
  findPlace(i);
  int last = g.rank - 1;
  ivec4 left = LOAD_TRUTH(a, 4 * at[0] + place.y, g.a[last]);
  ivec4 right = LOAD_TRUTH(b, 4 * at[1] + place.z, g.b[last]);
  ivec4 value = DECIDE(left, right);
  STORE_TRUTH(value, y, 4 * at[2] + place.x, g.y[last])
}
#endif

#ifdef KERNEL_choose
INTS(0, A, a)
TENSOR(1, B, b)
TENSOR(2, C, c)
TENSOR(3, Y, y)

// a ? b : c.
void choose(int i) {
  findPlace(i);
  int last = g.rank - 1;
  bvec4 chosen = bvec4(LOAD_TRUTH(a, 4 * at[0] + place.y, g.a[last]));
  V left = LOAD(b, at[1] + place.z, g.b[last], count);
  V right = LOAD(c, at[2] + place.w, g.c[last], count);
  V value = IfThenElse(chosen, left, right);
  STORE(value, y, at[3] + place.x, g.y[last], count)
}
#endif
