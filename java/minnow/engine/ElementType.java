package minnow.engine;

/** Element types: minnow_type of minnow.h, numbered as in ONNX. */
public enum ElementType {
  FLOAT32(1, 4), UINT8(2, 1), INT8(3, 1), UINT16(4, 2), INT16(5, 2), INT32(6, 4), INT64(7, 8), BOOL(9, 1), FLOAT16(10, 2),
  FLOAT64(11, 8), UINT32(12, 4), UINT64(13, 8);

  private final int number;
  /** Bytes of an element. */
  public final int bytes;

  ElementType(int number, int bytes) {
    this.number = number;
    this.bytes = bytes;
  }

  static ElementType of(long number) {
    for (ElementType type : values()) if (type.number == number) return type;
    throw new IllegalStateException("the engine has a type of elements that this class does not know: " + number);
  }
}
