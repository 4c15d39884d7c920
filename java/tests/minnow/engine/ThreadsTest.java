package minnow.engine;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.Test;

/** Four threads: on a session each, on one session, and while others close it. */
public class ThreadsTest {
  private static final int THREADS = 4, TIMES = 200;
  private static final float[] MEANS = {1.5f, 5.5f, 9.5f};

  private static <T> List<T> onThreads(Callable<T> work) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    List<Future<T>> futures = new ArrayList<>();
    for (int i = 0; i < THREADS; ++i) futures.add(pool.submit(work));
    List<T> results = new ArrayList<>();
    for (Future<T> future : futures) results.add(future.get(60, TimeUnit.SECONDS));
    pool.shutdown();
    return results;
  }

  private static Void runOften(Session session) {
    float[] elements = new float[12];
    for (int i = 0; i < 12; ++i) elements[i] = i;
    for (int i = 0; i < TIMES; ++i)
      try (Frame frame = session.begin()) {
        frame.input("x").write(elements);
        frame.run();
        assertArrayEquals(MEANS, frame.output("y").floats(), 0);
      }
    return null;
  }

  @Test
  public void aSessionEach() throws Exception {
    try (MinnowRuntime runtime = new MinnowRuntime(2, 2, 0); Model model = new Model(runtime, Models.file("means"))) {
      onThreads(() -> {
        try (Session session = new Session(model)) {
          return runOften(session);
        }
      });
    }
  }

  @Test
  public void oneSession() throws Exception {
    try (MinnowRuntime runtime = new MinnowRuntime(1, THREADS, 0);
        Model model = new Model(runtime, Models.file("means"));
        Session session = new Session(model, new Session.Options().frames(0))) {
      onThreads(() -> runOften(session));
    }
  }

  /** Whoever comes too late is told; nothing that is under way loses its memory. */
  @Test
  public void closedMeanwhile() throws Exception {
    for (int round = 0; round < 30; ++round) {
      MinnowRuntime runtime = new MinnowRuntime(1, THREADS, 0);
      Model model = new Model(runtime, Models.file("relu"));
      Session session = new Session(model, new Session.Options().frames(0));
      Thread closing = new Thread(() -> {
        runtime.close();
        model.close();
        session.close();
      });
      List<Integer> runs = onThreads(() -> {
        for (int i = 0;; ++i) {
          if (i == 5) startOnce(closing);
          try (Frame frame = session.begin()) {
            frame.input("x").write(new float[192]);
            frame.run();
            assertEquals(192, frame.output("y").floats().length);
          } catch (IllegalStateException closed) {
            return i;
          }
        }
      });
      closing.join();
      assertEquals(THREADS, runs.size());
    }
  }

  private static void startOnce(Thread thread) {
    synchronized (thread) {
      if (thread.getState() == Thread.State.NEW) thread.start();
    }
  }

  /** A frame that another thread closes ends when its run does. */
  @Test
  public void aFrameClosedWhileItRuns() throws Exception {
    try (MinnowRuntime runtime = new MinnowRuntime();
        Model model = new Model(runtime, Models.file("relu"));
        Session session = new Session(model)) {
      for (int round = 0; round < TIMES; ++round) {
        Frame frame = session.begin();
        Thread closing = new Thread(frame::close);
        closing.start();
        try {
          frame.input("x").write(new float[192]);
          frame.run();
          frame.output("y").floats();
        } catch (IllegalStateException closed) {
          assertEquals("this Frame is closed", closed.getMessage());
        }
        closing.join();
      }
    }
  }
}
