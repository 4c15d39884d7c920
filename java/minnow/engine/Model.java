package minnow.engine;

import java.nio.ByteBuffer;

/** A loaded model; any threads may make sessions of it. */
public final class Model extends Resource {
  private static final int ALIGNMENT = 64;
  private final ByteBuffer bytes; // must live as long as the engine's model

  /** A .minnow file, which is mapped and must stay as it is while the model is in use. */
  public Model(MinnowRuntime runtime, String path) {
    this(runtime, path, false);
  }

  /** With `verifyWeights` all weights are read once, and damaged ones are refused. */
  public Model(MinnowRuntime runtime, String path, boolean verifyWeights) {
    super(runtime, at -> Native.createModel(at, Native.text(path), verifyWeights));
    bytes = null;
  }

  /** A model in memory, from the buffer's position to its limit: used in place, so nobody may write there any more. It begins
   * on a 64-byte boundary, as what room() gives and what FileChannel.map() maps from a file's beginning do. */
  public Model(MinnowRuntime runtime, ByteBuffer model) {
    this(runtime, Buffers.direct(model, "the model"), model.remaining());
  }

  private Model(MinnowRuntime runtime, ByteBuffer slice, int count) {
    super(runtime, at -> Native.createModelOfBytes(at, slice, count, false));
    bytes = slice;
  }

  /** Memory for a model's bytes, to read an asset into: on the boundary that the engine wants. */
  public static ByteBuffer room(int bytes) {
    ByteBuffer block = ByteBuffer.allocateDirect(Math.addExact(bytes, ALIGNMENT));
    int begin = (int) (-Native.address(block) & (ALIGNMENT - 1));
    block.position(begin).limit(begin + bytes);
    return block.slice();
  }

  @Override
  void destroy(long address) {
    Native.destroyModel(address);
  }
}
