package minnow.engine;

import java.util.Arrays;

/** An input or output of a session, as it is planned: what depends on data may turn out smaller. */
public class TensorInfo {
  final String name;
  final ElementType type;
  final long[] shape;
  final Quantisation quantisation;

  TensorInfo(String name, long[] described, Quantisation quantisation) {
    this(name, described, described.length - 1, quantisation);
  }

  /** Described by its type, `rank` extents, and what a Tensor adds. */
  TensorInfo(String name, long[] described, int rank, Quantisation quantisation) {
    this.name = name;
    this.quantisation = quantisation;
    type = ElementType.of(described[0]);
    shape = Arrays.copyOfRange(described, 1, 1 + rank);
  }

  public final String name() {
    return name;
  }

  public final ElementType type() {
    return type;
  }

  /** In the model's axes, N, C, H, W for a picture as ONNX has it. */
  public final long[] shape() {
    return shape.clone();
  }

  /** Null where it is not quantised. */
  public final Quantisation quantisation() {
    return quantisation;
  }

  @Override
  public String toString() {
    return name + ": " + type + " " + Arrays.toString(shape);
  }
}
