package minnow.engine;

import static minnow.engine.Models.fails;
import static minnow.engine.Models.refuses;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import minnow.engine.MinnowException.Status;
import org.junit.After;
import org.junit.Test;

/** Runs, shapes, views, errors, and what is closed. */
public class EngineTest {
  private static final float[] ELEMENTS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  private static final float[] MEANS = {1.5f, 5.5f, 9.5f};
  private final MinnowRuntime runtime = new MinnowRuntime();

  @After
  public void closeRuntime() {
    runtime.close();
  }

  private static float[] run(Session session, float[] elements) {
    try (Frame frame = session.begin()) {
      frame.input("x").write(elements);
      frame.run();
      return frame.output("y").floats();
    }
  }

  private Session session(String model) {
    try (Model loaded = new Model(runtime, Models.file(model))) {
      return new Session(loaded); // which keeps it
    }
  }

  /** NAME.in is what examples/infer.c has read, NAME.out what it has written. */
  @Test
  public void sameBitsAsInC() throws IOException {
    List<Path> inputs;
    try (java.util.stream.Stream<Path> files = Files.list(Models.FOLDER)) {
      inputs = files.filter(file -> file.toString().endsWith(".in")).collect(Collectors.toList());
    }
    assertTrue(!inputs.isEmpty());
    for (Path input : inputs) {
      String name = input.getFileName().toString().replace(".in", "");
      float[] out = runFirst(name, Files.readAllBytes(input));
      ByteBuffer bytes = ByteBuffer.allocate(4 * out.length).order(ByteOrder.nativeOrder());
      bytes.asFloatBuffer().put(out);
      assertArrayEquals(name, Files.readAllBytes(Models.FOLDER.resolve(name + ".out")), bytes.array());
    }
  }

  private float[] runFirst(String model, byte[] bytes) {
    float[] elements = new float[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asFloatBuffer().get(elements);
    try (Session session = session(model); Frame frame = session.begin()) {
      frame.input(session.inputs().get(0).name()).write(elements);
      frame.run();
      return frame.output(session.outputs().get(0).name()).floats();
    }
  }

  @Test
  public void tellsWhatItIs() {
    try (Session session = session("means")) {
      assertEquals("[x: FLOAT32 [1, 3, 2, 2]]", session.inputs().toString());
      assertEquals("[y: FLOAT32 [1, 3, 1, 1]]", session.outputs().toString());
      assertTrue(session.memory().dynamicBytes > 0 && runtime.ledger().total() > 0);
      assertTrue(runtime.peak().total() >= runtime.ledger().total());
    }
    assertTrue(MinnowRuntime.version().matches("[0-9]+\\.[0-9]+\\.[0-9]+") && !MinnowRuntime.cpuTarget().isEmpty());
  }

  @Test
  public void viewIsTheArenaItself() {
    try (Session session = session("means"); Frame frame = session.begin()) {
      Tensor x = frame.input("x");
      FloatBuffer view = x.view().asFloatBuffer();
      long[] strides = x.strides();
      for (int i = 0; i < ELEMENTS.length; ++i)
        view.put((int) (i / 4 * strides[1] + i / 2 % 2 * strides[2] + i % 2 * strides[3]), ELEMENTS[i]);
      assertArrayEquals(ELEMENTS, x.floats(), 0);
      frame.run();
      Tensor y = frame.output("y");
      assertEquals(MEANS[2], y.view().getFloat((int) (4 * 2 * y.strides()[1])), 0);
      assertArrayEquals(MEANS, y.floats(), 0);
      assertEquals(y.view().capacity(), 12);
    }
  }

  @Test
  public void wrongShapesAndTypesAreRefused() {
    Session session = session("means");
    fails(Status.NOT_FOUND, "'😀'", () -> session.resize(Collections.singletonMap("😀", new long[] {1})));
    fails(Status.SHAPE_MISMATCH, "x", () -> session.resize(Collections.singletonMap("x", new long[] {1, 3, 2})));
    try (Session closed = session; Frame frame = closed.begin()) {
      fails(Status.SHAPE_MISMATCH, "'x' is FLOAT32 [1, 3, 2, 2], 12 elements; the array has 5 of [FLOAT32]",
          () -> frame.input("x").write(new float[5]));
      fails(Status.SHAPE_MISMATCH, "12 of [INT64", () -> frame.input("x").write(new long[12]));
      fails(Status.NOT_FOUND, "'z'", () -> frame.input("z"));
      fails(Status.NOT_FOUND, "'x'", () -> frame.output("x"));
      refuses(IllegalArgumentException.class, "zero character", () -> frame.input("x\0z"));
      frame.input("x").write(ELEMENTS); // and all goes on
      frame.run();
      assertArrayEquals(MEANS, frame.output("y").floats(), 0);
    }
  }

  @Test
  public void otherShapes() {
    try (Session session = session("open")) {
      assertArrayEquals(new long[] {1, 3, 8, 8}, session.inputs().get(0).shape());
      session.resize(Collections.singletonMap("x", new long[] {1, 3, 8, 5}));
      assertArrayEquals(new long[] {1, 3, 8, 5}, session.outputs().get(0).shape());
      assertEquals(120, run(session, new float[120]).length);
    }
    try (Model model = new Model(runtime, Models.file("open"));
        Session session = new Session(model, new Session.Options().shape("x", 1, 3, 4, 7).layerByLayer().frames(1))) {
      assertArrayEquals(new long[] {1, 3, 4, 7}, session.inputs().get(0).shape());
    }
  }

  @Test
  public void filesThatAreNone() throws IOException {
    String absent = Models.FOLDER.resolve("nichts-😀.minnow").toString();
    fails(Status.NOT_FOUND, absent, () -> new Model(runtime, absent));
    Path damaged = Files.write(Models.FOLDER.resolve("beschädigt.minnow"), new byte[200]);
    fails(Status.BAD_MODEL, "beschädigt.minnow", () -> new Model(runtime, damaged.toString(), true));
  }

  @Test
  public void modelsInMemory() throws IOException {
    byte[] bytes = Models.bytes("means");
    ByteBuffer room = Model.room(bytes.length);
    room.put(bytes).flip();
    try (Model model = new Model(runtime, room); Session session = new Session(model)) {
      assertArrayEquals(MEANS, run(session, ELEMENTS), 0);
    }
    try (FileChannel file = FileChannel.open(Models.FOLDER.resolve("means.minnow"));
        Model model = new Model(runtime, file.map(FileChannel.MapMode.READ_ONLY, 0, file.size()));
        Session session = new Session(model)) {
      assertArrayEquals(MEANS, run(session, ELEMENTS), 0);
    }
    ByteBuffer odd = Model.room(bytes.length + 4);
    odd.position(4);
    odd.put(bytes).flip().position(4);
    fails(Status.INVALID_ARGUMENT, "64", () -> new Model(runtime, odd));
    refuses(IllegalArgumentException.class, "direct", () -> new Model(runtime, ByteBuffer.wrap(bytes)));
  }

  @Test
  public void memoryIsLimited() {
    try (MinnowRuntime small = new MinnowRuntime(1, 1, 1000)) {
      fails(Status.OUT_OF_MEMORY, "1000", () -> new Model(small, Models.file("means")));
    }
    fails(Status.INVALID_ARGUMENT, "threads", () -> new MinnowRuntime(0, 1, 0));
    refuses(IllegalArgumentException.class, "-1", () -> new MinnowRuntime(1, 1, -1));
  }

  @Test
  public void oneArenaOneFrame() {
    try (Model model = new Model(runtime, Models.file("means"));
        Session session = new Session(model, new Session.Options().doNotWait());
        Session other = new Session(model, new Session.Options().doNotWait());
        Frame frame = session.begin()) {
      fails(Status.BUSY, "", other::begin);
      frame.input("x"); // lives
    }
  }

  @Test
  public void whatIsClosedIsNotUsed() {
    Model model = new Model(runtime, Models.file("means"));
    Session session = new Session(model);
    Frame frame = session.begin();
    Tensor x = frame.input("x");
    frame.close();
    frame.close();
    refuses(IllegalStateException.class, "this Frame is closed", frame::run);
    refuses(IllegalStateException.class, "this Frame is closed", () -> x.write(ELEMENTS));
    refuses(IllegalStateException.class, "this Frame is closed", x::floats);
    refuses(IllegalStateException.class, "this Frame is closed", x::view);
    session.close();
    refuses(IllegalStateException.class, "this Session is closed", session::begin);
    model.close();
    refuses(IllegalStateException.class, "this Model is closed", () -> new Session(model));
    runtime.close();
    refuses(IllegalStateException.class, "this MinnowRuntime is closed", runtime::ledger);
    refuses(IllegalStateException.class, "this MinnowRuntime is closed", () -> new Model(runtime, Models.file("means")));
  }

  @Test
  public void theOrderOfClosingDoesNotMatter() {
    long before = runtime.ledger().total();
    for (int i = 0; i < 100; ++i) {
      Model model = new Model(runtime, Models.file("means"));
      Session session = new Session(model);
      Frame frame = session.begin();
      model.close();
      session.close();
      frame.input("x").write(ELEMENTS);
      frame.run();
      assertArrayEquals(MEANS, frame.output("y").floats(), 0);
      frame.close();
    }
    assertEquals(before, runtime.ledger().total());
  }
}
