package minnow.engine;

/** What a tensor's integers stand for: (integer - zero point) * scale, of one scale or of one a position along an axis. */
public final class Quantisation {
  final float[] scales;
  final int[] axisAndZeros;

  Quantisation(float[] scales, int[] axisAndZeros) {
    this.scales = scales;
    this.axisAndZeros = axisAndZeros;
  }

  public float[] scales() {
    return scales.clone();
  }

  /** As many as scales, or one for all. */
  public int[] zeroPoints() {
    return java.util.Arrays.copyOfRange(axisAndZeros, 1, axisAndZeros.length);
  }

  /** -1 where one scale is the whole tensor's. */
  public int axis() {
    return axisAndZeros[0];
  }
}
