// Whether numbers below 2^-126 are 0: of 16 of them, and of 16 whose products are.

kernel void tiny(global float* x, long4 places, int items) {
  long xAt = places.x;
  if (get_global_id(0) >= items) return;
  const V tiny = vload16(0, x), small = vload16(1, x);
  vstore16(fabs(tiny + tiny) + fabs(tiny * (V)(1024)) + fabs(tiny - small * small), 0, x);
  vstore16(fma(small, small, tiny) + fma(tiny, (V)(1024), (V)(0)), 1, x);
}
