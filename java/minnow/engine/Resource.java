package minnow.engine;

import java.io.Closeable;

/**
 * Something of the engine's that has to be closed. The engine wants what was made last to end first; here the order does not
 * matter: what was made from a resource, and a call that is under way, keep it until they end, and after close() nobody can
 * begin anything with it.
 */
abstract class Resource implements Closeable {
  interface Call<T> {
    T with(long address);
  }

  private final Resource parent;
  private final long address;
  private final Object counting = new Object();
  private int users = 1; // this object itself, until it is closed
  private boolean closed;

  Resource(Resource parent, Call<Long> create) {
    this.parent = parent;
    long from = parent == null ? 0 : parent.retain();
    long made = 0;
    try {
      made = create.with(from);
    } finally {
      if (made == 0 && parent != null) parent.release();
    }
    address = made;
  }

  abstract void destroy(long address);

  final <T> T call(Call<T> call) {
    long at = retain();
    try {
      return call.with(at);
    } finally {
      release();
    }
  }

  private long retain() {
    synchronized (counting) {
      if (closed) throw new IllegalStateException("this " + getClass().getSimpleName() + " is closed");
      ++users;
      return address;
    }
  }

  private void release() {
    synchronized (counting) {
      if (--users > 0) return;
    }
    destroy(address);
    if (parent != null) parent.release();
  }

  /** Ends it, or lets it end when what was made from it and calls under way on other threads have ended. Twice does no harm. */
  @Override
  public final void close() {
    synchronized (counting) {
      if (closed) return;
      closed = true;
    }
    release();
  }
}
