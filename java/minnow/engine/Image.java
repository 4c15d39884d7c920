package minnow.engine;

import java.nio.ByteBuffer;

/**
 * Somebody's pixels in direct buffers, from each one's position on; they are read when they are written into a tensor, and not
 * copied before. minnow_image of minnow_vision.h.
 */
public final class Image {
  /** minnow_pixel_format, in its order. */
  public enum Format {
    GRAY(1), RGB(3), BGR(3), RGBA(4), BGRA(4), NV12(1), NV21(1), I420(1);

    private final int pixelBytes; // of the first plane

    Format(int pixelBytes) {
      this.pixelBytes = pixelBytes;
    }
  }

  final ByteBuffer[] planes;
  private final Format format;
  private final int width, height, rowBytes, chromaRowBytes;
  private int matrix, fullRange;

  private Image(Format format, int width, int height, int rowBytes, int chromaRowBytes, ByteBuffer... planes) {
    if (width < 1 || height < 1) throw new IllegalArgumentException("a picture of " + width + " x " + height + " pixels");
    this.format = format;
    this.width = width;
    this.height = height;
    this.rowBytes = rowBytes;
    this.chromaRowBytes = chromaRowBytes;
    this.planes = planes;
  }

  /** GRAY, RGB, BGR, RGBA or BGRA; rows begin `rowBytes` apart. A Bitmap of ARGB_8888 copies itself to a buffer as RGBA. */
  public static Image packed(Format format, int width, int height, ByteBuffer pixels, int rowBytes) {
    if (format.compareTo(Format.NV12) >= 0) throw new IllegalArgumentException(format + " has planes");
    ByteBuffer plane = plane(pixels, "the picture", (long) width * format.pixelBytes, rowBytes, height, 0);
    return new Image(format, width, height, rowBytes, 0, plane, null, null);
  }

  /** Luma, and pairs of Cb, Cr. */
  public static Image nv12(int width, int height, ByteBuffer y, int rowBytes, ByteBuffer uv, int chromaRowBytes) {
    return twoPlanes(Format.NV12, width, height, y, rowBytes, uv, chromaRowBytes, 0);
  }

  /** Luma, and pairs of Cr, Cb. */
  public static Image nv21(int width, int height, ByteBuffer y, int rowBytes, ByteBuffer vu, int chromaRowBytes) {
    return twoPlanes(Format.NV21, width, height, y, rowBytes, vu, chromaRowBytes, 0);
  }

  /**
   * An android.media.Image of YUV_420_888: its three planes' buffers, luma's row stride, chroma's row and pixel stride. Which of
   * NV12, NV21 and I420 it is, strides and addresses tell.
   */
  public static Image yuv420(int width, int height, ByteBuffer y, int rowBytes, ByteBuffer u, ByteBuffer v, int chromaRowBytes,
      int chromaPixelBytes) {
    if (chromaPixelBytes == 1) return i420(width, height, y, rowBytes, u, v, chromaRowBytes);
    long behind = Native.address(Buffers.direct(v, "Cr")) - Native.address(Buffers.direct(u, "Cb"));
    if (chromaPixelBytes != 2 || Math.abs(behind) != 1)
      throw new IllegalArgumentException("chroma of " + chromaPixelBytes + " bytes a pixel, Cr " + behind
          + " bytes behind Cb: neither NV12 nor NV21 nor I420");
    // Each plane's buffer ends one byte short of the pairs, with its own last number; the other plane's has the last byte.
    return behind == 1 ? twoPlanes(Format.NV12, width, height, y, rowBytes, u, chromaRowBytes, v.remaining() + 1 - u.remaining())
                       : twoPlanes(Format.NV21, width, height, y, rowBytes, v, chromaRowBytes, u.remaining() + 1 - v.remaining());
  }

  private static Image i420(int width, int height, ByteBuffer y, int rowBytes, ByteBuffer u, ByteBuffer v, int chromaRowBytes) {
    return new Image(Format.I420, width, height, rowBytes, chromaRowBytes, plane(y, "luma", width, rowBytes, height, 0),
        plane(u, "Cb", half(width), chromaRowBytes, half(height), 0), plane(v, "Cr", half(width), chromaRowBytes, half(height), 0));
  }

  private static Image twoPlanes(Format format, int width, int height, ByteBuffer y, int rowBytes, ByteBuffer pairs,
      int chromaRowBytes, int more) {
    return new Image(format, width, height, rowBytes, chromaRowBytes, plane(y, "luma", width, rowBytes, height, 0),
        plane(pairs, "chroma", 2L * half(width), chromaRowBytes, half(height), Math.max(more, 0)), null);
  }

  private static int half(int extent) {
    return extent / 2 + extent % 2;
  }

  /** The plane from its position on, if all rows lie in it; `more` bytes behind its limit are the caller's too. */
  private static ByteBuffer plane(ByteBuffer buffer, String what, long bytes, int rowBytes, int rows, int more) {
    ByteBuffer plane = Buffers.direct(buffer, what);
    long needed = (long) rowBytes * (rows - 1) + bytes;
    if (rowBytes < bytes || needed > (long) plane.remaining() + more)
      throw new IllegalArgumentException(what + ": " + rows + " rows of " + bytes + " bytes, " + rowBytes + " apart, need " + needed
          + " bytes; the buffer has " + (plane.remaining() + more));
    return plane;
  }

  /** ITU-R BT.709, not BT.601. */
  public Image bt709() {
    matrix = 1;
    return this;
  }

  /** Numbers from 0 to 255, as JPEG has them and most Android cameras, not 16 to 235. */
  public Image fullRange() {
    fullRange = 1;
    return this;
  }

  int[] layout() {
    return new int[] {width, height, rowBytes, format.ordinal(), matrix, fullRange, chromaRowBytes};
  }
}
