package minnow.engine;

import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;

/** What tests/java_test.py has made: means (of each channel), relu, bytes (of numbers), and open, a relu of 4 to 8 rows and columns. */
final class Models {
  static final Path FOLDER = Paths.get(System.getProperty("models"));

  private Models() {}

  static String file(String name) {
    return FOLDER.resolve(name + ".minnow").toString();
  }

  static byte[] bytes(String name) throws IOException {
    return Files.readAllBytes(Paths.get(file(name)));
  }

  interface Action {
    void run() throws Exception;
  }

  static void fails(MinnowException.Status status, String said, Action action) {
    MinnowException error = assertThrows(MinnowException.class, action::run);
    assertTrue(error.status() + ": " + error.getMessage(), error.status() == status && error.getMessage().contains(said));
  }

  static void refuses(Class<? extends RuntimeException> kind, String said, Action action) {
    RuntimeException error = assertThrows(kind, action::run);
    assertTrue(error.getMessage(), error.getMessage().contains(said));
  }
}
