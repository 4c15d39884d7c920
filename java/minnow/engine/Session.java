package minnow.engine;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * A model made ready for the sizes of its inputs. It holds no memory for feature maps: frames lease that from the runtime.
 * Calls of one session from several threads run one after another; sessions run side by side.
 */
public final class Session extends Resource {
  private volatile List<TensorInfo> inputs, outputs;

  public Session(Model model) {
    this(model, new Options());
  }

  public Session(Model model, Options options) {
    super(model, at -> Native.createSession(at, options.wait, options.inStrips, options.frames,
        Native.text(options.backends), names(options.shapes), ranks(options.shapes), extents(options.shapes)));
    describe();
  }

  public List<TensorInfo> inputs() {
    return inputs;
  }

  public List<TensorInfo> outputs() {
    return outputs;
  }

  /** Plans anew for other shapes of some inputs; axes of one name have one extent. On an error all stays as it was. */
  public synchronized void resize(Map<String, long[]> shapes) {
    call(at -> {
      Native.resize(at, names(shapes), ranks(shapes), extents(shapes));
      return null;
    });
    describe();
  }

  /** Leases an arena, in which inputs and outputs lie; waits for one, unless the options say otherwise. */
  public synchronized Frame begin() {
    return new Frame(this);
  }

  /** Bytes that a frame needs: minnow/memory.h, MemoryReport. */
  public synchronized Memory memory() {
    return call(at -> new Memory(Native.memory(at)));
  }

  private void describe() {
    inputs = call(at -> infos(at, false));
    outputs = call(at -> infos(at, true));
  }

  private static List<TensorInfo> infos(long session, boolean output) {
    List<TensorInfo> infos = new ArrayList<>();
    for (int i = 0; i < Native.count(session, output); ++i)
      infos.add(new TensorInfo(Native.text(Native.name(session, output, i)), Native.describe(session, output, i),
          quantisation(session, output, i)));
    return Collections.unmodifiableList(infos);
  }

  private static Quantisation quantisation(long session, boolean output, int index) {
    float[] scales = Native.scales(session, output, index);
    return scales.length == 0 ? null : new Quantisation(scales, Native.axisAndZeros(session, output, index));
  }

  /** One behind the other, each with its zero. */
  private static byte[] names(Map<String, long[]> shapes) {
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    for (String name : shapes.keySet()) names.write(Native.text(name), 0, Native.text(name).length);
    return names.toByteArray();
  }

  private static int[] ranks(Map<String, long[]> shapes) {
    return shapes.values().stream().mapToInt(shape -> shape.length).toArray();
  }

  private static long[] extents(Map<String, long[]> shapes) {
    return shapes.values().stream().flatMapToLong(LongStream::of).toArray();
  }

  @Override
  void destroy(long address) {
    Native.destroySession(address);
  }

  /** minnow_session_options of minnow.h, what is not set being as there. */
  public static final class Options {
    private boolean wait = true;
    private boolean inStrips = true;
    private int frames = 1;
    private String backends = "cpu";
    private final Map<String, long[]> shapes = new LinkedHashMap<>();

    /** begin() throws with BUSY where it would have to wait for an arena. */
    public Options doNotWait() {
      wait = false;
      return this;
    }

    /** Whole feature maps at a time: the same bits in more memory. */
    public Options layerByLayer() {
      inStrips = false;
      return this;
    }

    /** Frames alive at a time; 0 for the runtime's concurrency. */
    public Options frames(int frames) {
      this.frames = frames;
      return this;
    }

    /** Where operators are computed: "cpu", or "cl,cpu" in a library that was built with OpenCL. */
    public Options backends(String backends) {
      this.backends = backends;
      return this;
    }

    /** Of an input, where it is not to be what the model was converted for. */
    public Options shape(String input, long... shape) {
      shapes.put(input, shape.clone());
      return this;
    }
  }

  /** minnow/memory.h, MemoryReport. */
  public static final class Memory {
    public final long modelBytes, staticBytes, dynamicBytes, lowerBoundBytes, metadataBytes, deviceBytes;

    Memory(long[] bytes) {
      modelBytes = bytes[0];
      staticBytes = bytes[1];
      dynamicBytes = bytes[2];
      lowerBoundBytes = bytes[3];
      metadataBytes = bytes[4];
      deviceBytes = bytes[5];
    }
  }
}
