// Who computes next, and what is dropped: decisions alone, without a clock or a thread, so that the
// simulator and the runner share every line of them. The same calls give the same decisions.
//
//   policy.release({.task = 2, .frame = 17, .deadline = ...}, now);
//   const int task = policy.next(now);   // one piece of this task's job may be computed
//   policy.end(task);                    // its job is done
//   policy.drainDropped([](const Dropped& one) { ... });
//
// It allocates nothing once it is made, if what was dropped is drained after each call.
//
// Rules, in order:
//  1. The most urgent job goes first: greatest priority, then earliest deadline. It goes between the
//     pieces of a job that was begun, if its class is above that one's (task.h); what was begun is
//     otherwise ended first, so that no more arenas are held than there are classes.
//  2. Of a task's jobs that have not begun, the newest stays.
//  3. A job that has not begun and cannot be in time any more is dropped; but each task has one a
//     second that may be late, so that it is measured anew.
//  4. What was begun is ended: half an inference is of no use to anybody.
//  5. After a drop the task's next job is as urgent as the dropped one, within its priority. So when
//     the machine is too slow, the lowest priority loses frames first, and within a priority all
//     tasks have their turns.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "schedule/task.h"

namespace minnow::schedule {

struct Job {
  int task = 0;
  uint64_t frame = 0;
  Nanos captured = 0;
  Nanos deadline = 0;
  int runs = 1;
};

enum class Why : uint8_t {
  Newer,    ///< a newer frame came before it had begun
  Late,     ///< it could not have been in time any more
  Memory,   ///< its model did not fit beside those that compute
  Failed,   ///< reading its frame or computing failed
  Stopped,  ///< the schedule was stopped
};
inline constexpr size_t kWhys = 5;

struct Dropped {
  Job job;
  Why why = Why::Newer;
};

class Policy {
 public:
  /// `arenas` bounds how many jobs are begun at a time, 1 or more.
  Policy(std::vector<Task> tasks, int arenas);

  /// A job that may begin from now on.
  void release(const Job& job);
  /// The task whose job's next piece is to be computed, -1 if there is nothing to do. A job that is
  /// returned for the first time has begun.
  int next(Nanos now);
  /// The job of a task that has begun.
  const Job& begun(int task) const { return states_[task].begun; }
  bool hasBegun(int task) const { return states_[task].hasBegun; }
  bool isIdle() const { return stack_.empty() && !anyWaiting(); }
  /// The begun job of a task is done.
  void end(int task);
  /// It is not, and will not be.
  void giveUp(int task, Why why);
  /// All that waits is dropped.
  void dropWaiting(Why why);
  /// What a job's run takes now.
  void setCost(int task, Nanos costOfRun) { states_[task].cost = costOfRun; }

  /// What was dropped since it was asked last.
  template <class Fn>
  void drainDropped(const Fn& fn) {
    for (const Dropped& one : dropped_) fn(one);
    dropped_.clear();
  }
  const std::vector<Task>& tasks() const { return tasks_; }

 private:
  struct State {
    int preemptionClass = 0;
    Nanos cost = 0;
    bool waits = false, hasBegun = false;
    Job waiting, begun;         // where there are any
    Nanos urgency = kNever;     // of what waits: its deadline, or of the first that was dropped
    Nanos lastBegin = -kNever;  // when a job began last
  };

  bool anyWaiting() const;
  void drop(State& state, Why why);
  void dropLate(Nanos now);
  int mostUrgentWaiting() const;
  bool goesBefore(int waiting, int begun) const;
  void begin(int task, Nanos now);

  std::vector<Task> tasks_;
  std::vector<State> states_;
  std::vector<Nanos> begunUrgency_;  // by task
  std::vector<int> stack_;           // tasks that have begun, the last one computes
  std::vector<Dropped> dropped_;
};

}  // namespace minnow::schedule
