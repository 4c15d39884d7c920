package minnow.engine;

/**
 * One inference: a lease of the arena in which inputs and outputs lie, which close() gives back. Any thread may use it, one at a
 * time; others wait.
 */
public final class Frame extends Resource {
  private final Session session;

  Frame(Session session) {
    super(session, Native::begin);
    this.session = session;
  }

  /** An input, which holds no defined values before it is written. */
  public synchronized Tensor input(String name) {
    return new Tensor(this, false, name, session.inputs());
  }

  /** An output; after run(). */
  public synchronized Tensor output(String name) {
    return new Tensor(this, true, name, session.outputs());
  }

  /** May overwrite the inputs' memory: write them again before another run. */
  public synchronized void run() {
    call(at -> {
      Native.run(at);
      return null;
    });
  }

  @Override
  void destroy(long address) {
    Native.destroyFrame(address);
  }
}
