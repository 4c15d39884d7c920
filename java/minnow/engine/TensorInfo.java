package minnow.engine;

import java.util.Arrays;

/** An input or output of a session, as it is planned: what depends on data may turn out smaller. */
public final class TensorInfo {
  private final String name;
  private final ElementType type;
  private final long[] shape;

  TensorInfo(String name, long[] described) {
    this.name = name;
    type = ElementType.of(described[0]);
    shape = Arrays.copyOfRange(described, 1, described.length);
  }

  public String name() {
    return name;
  }

  public ElementType type() {
    return type;
  }

  /** In the model's axes, N, C, H, W for a picture as ONNX has it. */
  public long[] shape() {
    return shape.clone();
  }

  @Override
  public String toString() {
    return name + ": " + type + " " + Arrays.toString(shape);
  }
}
