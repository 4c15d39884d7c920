package minnow.engine;

import java.nio.ByteBuffer;

/** Memory that the engine reads where it lies. */
final class Buffers {
  private Buffers() {}

  /** From the position on. */
  static ByteBuffer direct(ByteBuffer buffer, String what) {
    if (!buffer.isDirect())
      throw new IllegalArgumentException(what + " has to lie in a direct ByteBuffer: ByteBuffer.allocateDirect");
    return buffer.slice();
  }
}
