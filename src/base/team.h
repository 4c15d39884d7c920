// Threads that compute together: a ThreadPool owns workers, a Team is one thread with the workers
// that it has leased, and parallelFor shares a loop among a team's members.
//
//   ThreadPool pool(4);          // three workers; the fourth is whoever asks
//   Team team = pool.lease(4);   // never waits
//   team.parallelFor(n, grain, [&](int64_t begin, int64_t end) { ... });
//
// Our own and not a library's, because the thread sanitizer must see its synchronisation, its
// stacks have a stated size, and nothing here may allocate while a frame runs.
//
// Who gets how many. A pool of n threads has n seats, so that no more than n compute unless there
// are more leaders than that. The leader of a team always has one; workers take what is left, and
// of k leaders none gets more than n / k threads, rounded up. When leaders come and go, teams grow
// and shrink at their next loop: a lone frame has all threads, two frames on two threads have one
// each and nobody else spins. Bits never depend on it: a loop's ranges depend on scheduling anyway.
//
// Ownership: the pool outlives its teams. A team lives on its leader's stack, and the leader alone
// may call it. Inside a loop every member is alone: there the team has one thread, and its loops
// run where they are called, so a member may hand it on. A member that wants helpers leases a
// team of its own, which takes no second seat.
//
// Cost: leasing, ending and changing a team take the pool's mutex for some tens of nanoseconds. A
// loop takes no lock: two loads if the team is one thread, else a word of each worker goes to its
// core and back.
//
// In a child of fork(), where the workers do not exist, every team is its leader alone.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace minnow::base {

/// Non-owning reference to a callable; never allocates.
template <class... Args>
class FnRef {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FnRef>)
  FnRef(F&& fn)  // NOLINT: implicit by design
      : object_(const_cast<void*>(static_cast<const void*>(&fn))), call_([](void* o, Args... args) {
          (*static_cast<std::remove_reference_t<F>*>(o))(args...);
        }) {}
  void operator()(Args... args) const { call_(object_, args...); }

 private:
  void* object_;
  void (*call_)(void*, Args...);
};
using RangeFn = FnRef<int64_t, int64_t>;
using MemberFn = FnRef<int>;

class Team;

class ThreadPool {
 public:
  /// `threads` counts the caller: 1 starts no worker. Where the system refuses a thread there are
  /// fewer: see threads().
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;
  /// The calling thread with workers that are free, `most` threads altogether. It never waits; what
  /// it lacks may join later.
  Team lease(int most);

 private:
  friend class Team;
  struct Worker;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Team {
 public:
  /// The calling thread alone, without a pool.
  Team() = default;
  ~Team() { rest(); }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  /// How many will share the next loop, the leader included; 1 inside a loop. It may change between
  /// two loops, and even before the next: it says how finely work is worth cutting, no more.
  int threads();
  /// Calls fn on ranges that cover [0, n) once, each a multiple of `grain` long but for the last;
  /// members take them from Shares. The ranges depend on scheduling; results must not. fn does not
  /// throw. Returns when all are done.
  void parallelFor(int64_t n, int64_t grain, RangeFn fn);
  /// Calls fn(member) once on each member that comes in time, `most` of them at most: on the leader,
  /// who is member 0, always. fn does not throw, and whoever runs it does not count on others to
  /// come. Returns when all have returned.
  void together(int64_t most, MemberFn fn);
  /// Gives workers and seat back until the next loop: for a leader that does something else.
  void rest();

 private:
  friend class ThreadPool;
  Team(ThreadPool::Impl* pool, int most);

  void loop(int members, MemberFn fn);
  void settle();
  void beAlone();
  void sit();
  void takeWorker();
  void giveWorkerBack();

  ThreadPool::Impl* pool_ = nullptr;  // none: always alone
  int most_ = 1;
  int helpers_ = 0;
  ThreadPool::Worker* workers_ = nullptr;  // `helpers_` of them, linked
  unsigned seen_ = 0;                      // changes of the pool that this team has followed
  bool seated_ = false;
  bool leads_ = false;           // took the seat of its leader, who had none
  const void* outer_ = nullptr;  // where the leader had its seat before
  bool looping_ = false;
};

}  // namespace minnow::base
