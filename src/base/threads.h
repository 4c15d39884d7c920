// A fixed set of worker threads and one primitive: run fn(begin, end) over disjoint ranges of [0,
// n). Our own and not a library's, because the thread sanitizer must see its synchronisation, its
// stacks have a stated size, and parallelFor must not allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace minnow::base {

/// Non-owning reference to a callable; never allocates.
class RangeFn {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, RangeFn>)
  RangeFn(F&& fn)  // NOLINT: implicit by design
      : object_(const_cast<void*>(static_cast<const void*>(&fn))),
        call_([](void* o, int64_t b, int64_t e) {
          (*static_cast<std::remove_reference_t<F>*>(o))(b, e);
        }) {}
  void operator()(int64_t begin, int64_t end) const { call_(object_, begin, end); }

 private:
  void* object_;
  void (*call_)(void*, int64_t, int64_t);
};

/// A thread, told from all others that this process has had. After fork() the child's one thread
/// keeps its name.
class ThreadName {
 public:
  bool operator==(const ThreadName& other) const { return number_ == other.number_; }
  /// True if fork() left the thread behind in the parent.
  bool isGone() const;

 private:
  friend ThreadName thisThread();
  uint64_t number_ = 0;
  int process_ = 0;  // see forks()
};
ThreadName thisThread();

/// How many forks lie between this process and the one that loaded the library.
int forks();

class ThreadPool {
 public:
  /// `threads` counts the caller: 1 starts no worker. Where the system refuses a thread there are
  /// fewer: see threads().
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;
  /// Calls fn on ranges that cover [0, n) once, each a multiple of `grain` long but for the last.
  /// The ranges depend on scheduling; results must not. Returns when all are done. Calls from
  /// several threads take turns. In a child of fork(), where the workers do not exist, the caller
  /// does it all.
  void parallelFor(int64_t n, int64_t grain, RangeFn fn);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Rounds to nearest and flushes denormals to zero while it lives, on this thread, whatever the
/// caller has set (numerics: every CPU behaves as ARMv7's NEON must).
class DenormalsFlushed {
 public:
  DenormalsFlushed();
  ~DenormalsFlushed();

 private:
  uint64_t saved_;
};

}  // namespace minnow::base
