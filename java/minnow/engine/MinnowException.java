package minnow.engine;

/** What the engine says went wrong, as it says it: file, operator, what was expected and what to do. */
public final class MinnowException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Kinds of errors: minnow_status of minnow.h. */
  public enum Status {
    OK, INVALID_ARGUMENT, NOT_FOUND, IO, BAD_MODEL, VERSION_MISMATCH, UNSUPPORTED, SHAPE_MISMATCH, OUT_OF_MEMORY, BUSY,
    STOPPED, INTERNAL, DEVICE_FAILED
  }

  private final Status status;

  MinnowException(int status, byte[] message) {
    this(Status.values()[Math.min(status, Status.values().length - 1)], Native.text(message));
  }

  MinnowException(Status status, String message) {
    super(message);
    this.status = status;
  }

  public Status status() {
    return status;
  }
}
