// A picture of 8 bits in each of red, green, blue and alpha to a tensor, as picture.cl has it, out
// of a texture. What the driver makes of YUV is rounded to whole numbers, of which such pictures
// consist.
#ifdef EXTERNAL
uniform highp samplerExternalOES pixels;
#else
uniform highp sampler2D pixels;
#endif
TENSOR(1, Y, y)

void picture(int i) {
  int v = i / g.width, u = i - v * g.width;
  ivec2 place = ivec2(g.x + u * g.xu + v * g.xv, g.y + u * g.yu + v * g.yv);
  uvec3 colours = uvec3(round(clamp(texelFetch(pixels, place, 0).rgb, 0.0, 1.0) * 255.0));
  uint luma = (19595u * colours.r + 38470u * colours.g + 7471u * colours.b + 32768u) >> 16;
  int to = at[1] + v * g.row + u * g.column;
  for (int c = 0; c < g.channels; ++c)
    STORE_ONE(y, to + c * g.channel,
              (float(g.isGray != 0 ? luma : colours[g.source[c]]) - g.mean[c]) * g.scale[c])
  if (g.hasAlpha != 0) STORE_ONE(y, to + g.channels * g.channel, g.alpha)
}
