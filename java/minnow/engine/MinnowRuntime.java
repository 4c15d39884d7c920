package minnow.engine;

/**
 * Threads, the arenas that sessions share, and the memory budget. One a process as a rule; it may be used from any threads.
 *
 * <pre>{@code
 * try (MinnowRuntime runtime = new MinnowRuntime(2, 1, 0);
 *     Model model = new Model(runtime, "signs.minnow");
 *     Session session = new Session(model);
 *     Frame frame = session.begin()) {
 *   frame.input("images").write(Image.yuv420(…), new PreProcess().letterbox().scale(1 / 255f));
 *   frame.run();
 *   float[] scores = frame.output("scores").floats();
 * }
 * }</pre>
 */
public final class MinnowRuntime extends Resource {
  /** One thread, one frame at a time, no limit of memory. */
  public MinnowRuntime() {
    this(1, 1, 0);
  }

  /**
   * @param threads that compute, the callers' included; frames at once share them
   * @param concurrency frames that may be under way at once; each has an arena
   * @param memoryBudget most bytes that all that is made from it may hold; 0 for no limit
   */
  public MinnowRuntime(int threads, int concurrency, long memoryBudget) {
    super(null, none -> Native.createRuntime(threads, concurrency, notNegative(memoryBudget)));
  }

  private static long notNegative(long bytes) {
    if (bytes < 0) throw new IllegalArgumentException("a memory budget of " + bytes + " bytes");
    return bytes;
  }

  /** Bytes held now. */
  public Ledger ledger() {
    return call(at -> new Ledger(Native.ledger(at, false)));
  }

  /** Bytes held at the moment of the largest total. */
  public Ledger peak() {
    return call(at -> new Ledger(Native.ledger(at, true)));
  }

  /** "0.1.0" */
  public static String version() {
    return Native.text(Native.version());
  }

  /** Whose kernels run: "neon", "avx2" and the like. All give the same bits. */
  public static String cpuTarget() {
    return Native.text(Native.cpuTarget());
  }

  @Override
  void destroy(long address) {
    Native.destroyRuntime(address);
  }

  /** minnow/memory.h, MemoryLedger. */
  public static final class Ledger {
    public final long modelBytes, staticBytes, dynamicBytes, heapBytes, deviceBytes;

    Ledger(long[] bytes) {
      modelBytes = bytes[0];
      staticBytes = bytes[1];
      dynamicBytes = bytes[2];
      heapBytes = bytes[3];
      deviceBytes = bytes[4];
    }

    public long total() {
      return modelBytes + staticBytes + dynamicBytes + heapBytes + deviceBytes;
    }
  }
}
