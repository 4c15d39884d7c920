package minnow.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * An input or output of a frame, in its arena. write() and read() copy elements that lie row-major in the model's axes; view()
 * shows the memory itself, whose elements mostly lie as N, H, W, C: element (i0, i1, …) at i0 * strides()[0] + i1 *
 * strides()[1] + ….
 */
public final class Tensor extends TensorInfo {
  private final Frame frame;
  private final boolean output;
  private final byte[] cName;
  private final long[] strides;

  Tensor(Frame frame, boolean output, String name, List<TensorInfo> infos) {
    this(frame, output, name, frame.call(at -> Native.tensor(at, output, Native.text(name))), infos);
  }

  private Tensor(Frame frame, boolean output, String name, long[] described, List<TensorInfo> infos) {
    super(name, described, (described.length - 1) / 2, quantisationOf(infos, name));
    this.frame = frame;
    this.output = output;
    cName = Native.text(name);
    strides = Arrays.copyOfRange(described, 1 + shape.length, described.length);
  }

  private static Quantisation quantisationOf(List<TensorInfo> infos, String name) {
    for (TensorInfo info : infos)
      if (info.name.equals(name)) return info.quantisation;
    return null;
  }

  /** In elements. */
  public long[] strides() {
    return strides.clone();
  }

  public long elements() {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  /**
   * The arena's memory, without a copy, in this machine's byte order. It ends with the frame, as the planes of Android's Image
   * end with that: nothing may touch it after close(), for the memory is then another frame's or nobody's. What is kept is
   * copied: floats(), read().
   */
  public ByteBuffer view() {
    long last = 0;
    for (int axis = 0; axis < shape.length; ++axis) last += (shape[axis] - 1) * strides[axis];
    long bytes = elements() == 0 ? 0 : (last + 1) * type.bytes;
    return locked(at -> Native.view(at, output, cName, Math.toIntExact(bytes))).order(ByteOrder.nativeOrder());
  }

  /**
   * A camera's frame or a picture, resized and normalised as `how` says, and quantised where the input is; where it came to lie.
   * Without mean and scale a quantised input takes pixels (int8: less 128), if these are what its integers stand for.
   */
  public Placement write(Image image, PreProcess how) {
    if (output) throw new IllegalArgumentException("'" + name + "' is an output; pictures are written into inputs");
    float[] scales = quantisation == null ? new float[0] : quantisation.scales;
    int[] axisAndZeros = quantisation == null ? new int[] {-1} : quantisation.axisAndZeros;
    return locked(at -> new Placement(
        Native.writeImage(at, cName, image.planes, image.layout(), how.choices(), how.numbers(), scales, axisAndZeros)));
  }

  public void write(float[] elements) {
    write(elements, elements.length, ElementType.FLOAT32);
  }

  public void write(byte[] elements) {
    write(elements, elements.length, ElementType.UINT8, ElementType.INT8, ElementType.BOOL);
  }

  public void write(int[] elements) {
    write(elements, elements.length, ElementType.INT32, ElementType.UINT32);
  }

  public void write(long[] elements) {
    write(elements, elements.length, ElementType.INT64, ElementType.UINT64);
  }

  public void read(float[] elements) {
    read(elements, elements.length, ElementType.FLOAT32);
  }

  public void read(byte[] elements) {
    read(elements, elements.length, ElementType.UINT8, ElementType.INT8, ElementType.BOOL);
  }

  public void read(int[] elements) {
    read(elements, elements.length, ElementType.INT32, ElementType.UINT32);
  }

  public void read(long[] elements) {
    read(elements, elements.length, ElementType.INT64, ElementType.UINT64);
  }

  /** A copy of all elements, row-major. */
  public float[] floats() {
    float[] elements = new float[Math.toIntExact(elements())];
    read(elements);
    return elements;
  }

  private void write(Object array, int length, ElementType... fitting) {
    check(length, fitting);
    locked(at -> {
      Native.write(at, output, cName, array, (long) length * type.bytes);
      return null;
    });
  }

  private void read(Object array, int length, ElementType... fitting) {
    check(length, fitting);
    locked(at -> {
      Native.read(at, output, cName, array, (long) length * type.bytes);
      return null;
    });
  }

  private void check(int length, ElementType... fitting) {
    if (!Arrays.asList(fitting).contains(type) || length != elements())
      throw new MinnowException(MinnowException.Status.SHAPE_MISMATCH, "'" + name + "' is " + type + " " + Arrays.toString(shape)
          + ", " + elements() + " elements; the array has " + length + " of " + Arrays.toString(fitting));
  }

  private <T> T locked(Resource.Call<T> call) {
    synchronized (frame) {
      return frame.call(call);
    }
  }
}
