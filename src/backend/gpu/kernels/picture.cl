// A picture of 8 bits in each of red, green, blue and alpha to a tensor, as vision::writeImage has
// it.

typedef struct {
  int items, width;
  int x, y, xu, xv, yu, yv;
  int rowPixels;
  int column, row, channel;
  int channels, isGray, hasAlpha;
  int source[3];
  float mean[3], scale[3], alpha;
} Picture;

kernel void picture(global const uchar4* pixels, global T* y, long4 places, Picture g) {
  long first = places.x, yAt = places.y;
  const int i = get_global_id(0);
  if (i >= g.items) return;
  const int v = i / g.width, u = i - v * g.width;
  const uchar4 pixel = pixels[first + (long)(g.y + u * g.yu + v * g.yv) * g.rowPixels +
                              (g.x + u * g.xu + v * g.xv)];
  const uint colours[3] = {pixel.x, pixel.y, pixel.z};
  const uint luma = (19595 * colours[0] + 38470 * colours[1] + 7471 * colours[2] + 32768) >> 16;
  y += yAt + (long)v * g.row + (long)u * g.column;
  for (int c = 0; c < g.channels; ++c)
    storeOne(((float)(g.isGray ? luma : colours[g.source[c]]) - g.mean[c]) * g.scale[c], y,
             (long)c * g.channel);
  if (g.hasAlpha) storeOne(g.alpha, y, (long)g.channels * g.channel);
}
