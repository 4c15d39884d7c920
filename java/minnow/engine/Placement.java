package minnow.engine;

/** Where a picture came to lie in a tensor: Placement in minnow/image.h. */
public final class Placement {
  private final double[] numbers; // minnow_placement's members

  Placement(double[] numbers) {
    this.numbers = numbers;
  }

  /** From the tensor's columns and rows to the picture's pixels, as they were before turning: x, y. */
  public double[] toPicture(double column, double row) {
    return Native.toPicture(numbers, column, row);
  }
}
