// What the library knows about the thread that calls it: its name, whether fork() has left others
// behind, its floating-point mode. Threads that compute together: base/team.h.
#pragma once

#include <cstdint>

namespace minnow::base {

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
