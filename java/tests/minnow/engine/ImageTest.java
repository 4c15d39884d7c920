package minnow.engine;

import static minnow.engine.Models.fails;
import static minnow.engine.Models.refuses;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;

import java.nio.ByteBuffer;
import java.util.Random;
import minnow.engine.Image.Format;
import minnow.engine.MinnowException.Status;
import org.junit.After;
import org.junit.Test;

/** Pictures as Android gives them, into relu's input of 8 x 8 pixels. */
public class ImageTest {
  private final MinnowRuntime runtime = new MinnowRuntime();
  private final Model model = new Model(runtime, Models.file("relu"));
  private final Session session = new Session(model);

  @After
  public void close() {
    session.close();
    model.close();
    runtime.close();
  }

  private float[] written(Image image, PreProcess how) {
    try (Frame frame = session.begin()) {
      frame.input("x").write(image, how);
      return frame.input("x").floats();
    }
  }

  private static ByteBuffer buffer(byte... bytes) {
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length);
    direct.put(bytes).flip();
    return direct;
  }

  private static ByteBuffer noise(int bytes) {
    byte[] numbers = new byte[bytes];
    new Random(bytes).nextBytes(numbers);
    return buffer(numbers);
  }

  /** From `begin` on, as an Android plane's buffer. */
  private static ByteBuffer part(ByteBuffer whole, int begin, int end) {
    ByteBuffer part = whole.duplicate();
    part.position(begin).limit(end);
    return part;
  }

  @Test
  public void pixelsByTheFormula() {
    ByteBuffer pixels = ByteBuffer.allocateDirect(8 * 40); // 8 x 8 RGBA in rows of 40 bytes
    for (int y = 0; y < 8; ++y)
      for (int x = 0; x < 8; ++x)
        for (int c = 0; c < 4; ++c) pixels.put(y * 40 + x * 4 + c, (byte) (y * 30 + x * 3 + c));
    float[] expected = new float[3 * 64], turned = new float[3 * 64];
    for (int c = 0; c < 3; ++c)
      for (int i = 0; i < 64; ++i) {
        expected[c * 64 + i] = (i / 8 * 30 + i % 8 * 3 + c - 10) * 0.5f;
        turned[(2 - c) * 64 + i % 8 * 8 + 7 - i / 8] = i / 8 * 30 + i % 8 * 3 + c; // clockwise, blue first
      }
    Image image = Image.packed(Format.RGBA, 8, 8, pixels, 40);
    assertArrayEquals(expected, written(image, new PreProcess().mean(10).scale(0.5f)), 0);
    assertArrayEquals(turned, written(image, new PreProcess().quarters(1).colour(PreProcess.Colour.BGR)), 0);
  }

  @Test
  public void whiteAndBlackOfYuv() {
    for (int range = 0; range < 2; ++range) {
      ByteBuffer y = ByteBuffer.allocateDirect(64), uv = ByteBuffer.allocateDirect(32);
      for (int i = 0; i < 64; ++i) y.put(i, (byte) (i % 2 == 0 ? (range == 1 ? 255 : 235) : (range == 1 ? 0 : 16)));
      for (int i = 0; i < 32; ++i) uv.put(i, (byte) 128);
      Image image = Image.nv12(8, 8, y, 8, uv, 8);
      float[] pixels = written(range == 1 ? image.fullRange().bt709() : image, new PreProcess());
      for (int i = 0; i < 192; ++i) assertEquals(i % 2 == 0 ? 255 : 0, pixels[i], 0);
    }
  }

  /** One picture of odd sizes as NV12, NV21 and I420, in rows with gaps, by its planes and as Android cuts their buffers. */
  @Test
  public void formsOfOnePicture() {
    final int width = 21, height = 17, row = 32, chromaRow = 26, half = 11, rows = 9;
    ByteBuffer y = noise(row * height), u = noise(chromaRow * rows), v = noise(chromaRow * rows + 1);
    ByteBuffer uv = ByteBuffer.allocateDirect(chromaRow * rows), vu = ByteBuffer.allocateDirect(chromaRow * rows);
    for (int i = 0; i < half * rows; ++i) {
      int at = i / half * chromaRow + i % half, pair = i / half * chromaRow + 2 * (i % half);
      uv.put(pair, u.get(at)).put(pair + 1, v.get(at));
      vu.put(pair, v.get(at)).put(pair + 1, u.get(at));
    }
    int last = chromaRow * (rows - 1) + 2 * half;
    Image[] forms = {
        Image.yuv420(width, height, y, row, u, v, chromaRow, 1), Image.nv12(width, height, y, row, uv, chromaRow),
        Image.nv21(width, height, y, row, vu, chromaRow),
        Image.yuv420(width, height, y, row, part(uv, 0, last - 1), part(uv, 1, last), chromaRow, 2),
        Image.yuv420(width, height, y, row, part(vu, 1, last), part(vu, 0, last - 1), chromaRow, 2)};
    PreProcess how = new PreProcess().letterbox().scale(1 / 255f).pad(114).crop(3, 1, 17, 14);
    float[] first = written(forms[0], how);
    for (Image form : forms) assertArrayEquals(first, written(form, how), 0);
  }

  /** Integers are (x - 100) / 16. */
  @Test
  public void aPictureIsQuantisedByWhatItsInputStandsFor() {
    try (Model bytes = new Model(runtime, Models.file("bytes"));
         Session quantised = new Session(bytes);
         Frame frame = quantised.begin()) {
      Quantisation by = quantised.inputs().get(0).quantisation();
      assertArrayEquals(new float[] {0.0625f}, by.scales(), 0);
      assertArrayEquals(new int[] {100}, by.zeroPoints());
      assertEquals(-1, by.axis());
      Image image = Image.packed(Format.GRAY, 6, 4, noise(24), 6);
      Tensor input = frame.input("x");
      fails(Status.INVALID_ARGUMENT, "mean 100 and scale 0.0625 store pixels", () -> input.write(image, new PreProcess()));
      input.write(image, new PreProcess().mean(99).scale(1 / 32f));
      ByteBuffer view = input.view();
      ByteBuffer pixels = noise(24);
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 6; ++x) {
          int pixel = pixels.get(6 * y + x) & 255;
          long at = y * input.strides()[2] + x * input.strides()[3];
          assertEquals(Math.rint((pixel - 99) / 32f / 0.0625f) + 100, view.get((int) at) & 255, 0);
        }
    }
  }

  @Test
  public void whereItCameToLie() {
    try (Frame frame = session.begin()) {
      Placement placement = frame.input("x").write(
          Image.packed(Format.GRAY, 16, 8, noise(128), 16), new PreProcess().letterbox().mirror());
      assertArrayEquals(new double[] {16, 0}, placement.toPicture(0, 2), 1e-9);
      assertArrayEquals(new double[] {0, 8}, placement.toPicture(8, 6), 1e-9);
    }
  }

  @Test
  public void picturesThatAreNone() {
    refuses(IllegalArgumentException.class, "need 189 bytes; the buffer has 188",
        () -> Image.packed(Format.RGB, 7, 8, noise(188), 24));
    refuses(IllegalArgumentException.class, "luma", () -> Image.nv12(8, 8, noise(63), 8, noise(32), 8));
    refuses(IllegalArgumentException.class, "chroma", () -> Image.nv21(8, 8, noise(64), 8, noise(31), 8));
    refuses(IllegalArgumentException.class, "rows of 32 bytes, 31 apart",
        () -> Image.packed(Format.BGRA, 8, 8, noise(999), 31));
    refuses(IllegalArgumentException.class, "direct", () -> Image.packed(Format.GRAY, 2, 2, ByteBuffer.allocate(4), 2));
    refuses(IllegalArgumentException.class, "neither NV12 nor NV21",
        () -> Image.yuv420(8, 8, noise(64), 8, noise(32), noise(33), 8, 2));
    refuses(IllegalArgumentException.class, "0 x 8", () -> Image.packed(Format.GRAY, 0, 8, noise(9), 1));
    refuses(IllegalArgumentException.class, "has planes", () -> Image.packed(Format.NV12, 8, 8, noise(96), 8));
    refuses(IllegalArgumentException.class, "2 numbers", () -> new PreProcess().mean(1, 2));
    Image image = Image.packed(Format.GRAY, 8, 8, noise(64), 8);
    fails(Status.INVALID_ARGUMENT, "quarters", () -> written(image, new PreProcess().quarters(4)));
    fails(Status.INVALID_ARGUMENT, "crop", () -> written(image, new PreProcess().crop(4, 4, 8, 8)));
    try (Frame frame = session.begin()) {
      frame.run();
      refuses(IllegalArgumentException.class, "output", () -> frame.output("y").write(image, new PreProcess()));
    }
  }
}
