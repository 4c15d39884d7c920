package minnow.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The C functions that the other classes are made of (jni/minnow_jni.cc). Texts cross as UTF-8, which JNI's own is not. */
final class Native {
  static {
    System.loadLibrary("minnow_jni");
  }

  private Native() {}

  static native byte[] version();

  static native byte[] cpuTarget();

  static native long address(ByteBuffer buffer);

  static native long createRuntime(int threads, int concurrency, long memoryBudget);

  static native void destroyRuntime(long runtime);

  static native long[] ledger(long runtime, boolean peak);

  static native long createModel(long runtime, byte[] path, boolean verifyWeights);

  static native long createModelOfBytes(long runtime, ByteBuffer model, long bytes, boolean verifyWeights);

  static native void destroyModel(long model);

  static native long createSession(
      long model, boolean wait, boolean inStrips, int frames, byte[] backends, byte[] names, int[] ranks, long[] extents);

  static native void destroySession(long session);

  static native void resize(long session, byte[] names, int[] ranks, long[] extents);

  static native int count(long session, boolean output);

  static native byte[] name(long session, boolean output, int index);

  /** Type, then the shape. */
  static native long[] describe(long session, boolean output, int index);

  /** None where it is not quantised. */
  static native float[] scales(long session, boolean output, int index);

  static native int[] axisAndZeros(long session, boolean output, int index);

  static native long[] memory(long session);

  static native long begin(long session);

  static native void run(long frame);

  static native void destroyFrame(long frame);

  /** Type, then the shape, then the strides. */
  static native long[] tensor(long frame, boolean output, byte[] name);

  static native ByteBuffer view(long frame, boolean output, byte[] name, long bytes);

  static native void write(long frame, boolean output, byte[] name, Object elements, long bytes);

  static native void read(long frame, boolean output, byte[] name, Object elements, long bytes);

  static native double[] writeImage(
      long frame, byte[] name, ByteBuffer[] planes, int[] layout, int[] choices, float[] numbers, float[] scales,
      int[] axisAndZeros);

  static native double[] toPicture(double[] placement, double column, double row);

  /** With the zero at its end that C wants. */
  static byte[] text(String text) {
    if (text.indexOf('\0') >= 0) throw new IllegalArgumentException("a name has a zero character in it, which no name has");
    return (text + '\0').getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
