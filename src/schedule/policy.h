// Who computes next where, and what is dropped: decisions alone, without a clock or a thread, so that
// the simulator and the runner share every line of them. The same calls give the same decisions.
//
//   policy.release({.task = 2, .frame = 17, .deadline = ...}, now);
//   const int task = policy.next(unit, now);  // one piece of this task's job may be computed there
//   policy.end(task);                         // its job is done
//   policy.drainDropped([](const Dropped& one) { ... });
//
// It allocates nothing once it is made, if what was dropped is drained after each call.
//
// Rules, in order, of which each unit applies the first to those that are at home there:
//  1. The most urgent job goes first: greatest priority, then earliest deadline. It goes between the
//     pieces of a job that was begun, if its class is above that one's (task.h); what was begun is
//     otherwise ended first, so that no more arenas are held than there are classes.
//  2. Of a task's jobs that have not begun, the newest stays.
//  3. A job that has not begun and cannot be in time any more, on no unit, is dropped; but each task has
//     one a second that may be late, so that it is measured anew.
//  4. What was begun is ended: half an inference is of no use to anybody. It ends where it began.
//  5. After a drop the task's next job is as urgent as the dropped one, within its priority. So when
//     the machine is too slow, the lowest priority loses frames first, and within a priority all
//     tasks have their turns.
//  6. A unit that has nothing of its own takes a job whose home would end it later, if it surely is
//     done with it in time whatever comes of its own, which goes first. Else it stays idle. A home
//     hands its job to such a unit.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "minnow/schedule.h"
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

/// Rules other than the first know no homes: whichever unit is free takes the next job.
using Rule = ScheduleRule;

class Policy {
 public:
  Policy(std::vector<Task> tasks, const Units& units, Rule rule = Rule::Urgency);

  /// A job that may begin from now on.
  void release(const Job& job);
  /// The task whose job's next piece the unit is to compute, -1 if there is nothing to do. A job that
  /// is returned for the first time has begun. What it returned last was computed since then.
  int next(int unit, Nanos now);
  /// The job of a task that has begun.
  const Job& begun(int task) const { return states_[task].begun; }
  bool hasBegun(int task) const { return states_[task].unit >= 0; }
  /// Where; -1 where it has not.
  int unitOf(int task) const { return states_[task].unit; }
  bool isIdle() const;
  /// Jobs that have begun so far: where that changed, other units may have something to do.
  uint64_t begins() const { return begins_; }
  /// The begun job of a task is done.
  void end(int task);
  /// It is not, and will not be.
  void giveUp(int task, Why why);
  /// All that waits is dropped.
  void dropWaiting(Why why);
  /// No job of a task begins; what comes waits, the newest.
  void hold(int task, bool held) { states_[task].held = held; }
  /// The same tasks with other times.
  void setTasks(std::vector<Task> tasks) { tasks_ = std::move(tasks); }
  /// What a job's run takes now on a unit, and how many times as long as measured all takes there, 1
  /// at least.
  void setCost(int task, int unit, Nanos costOfRun) { states_[task].cost[unit] = costOfRun; }
  void setSlowness(int unit, double times) { units_[unit].slowness = times; }

  /// What was dropped since it was asked last.
  template <class Fn>
  void drainDropped(const Fn& fn) {
    for (const Dropped& one : dropped_) fn(one);
    dropped_.clear();
  }
  const std::vector<Task>& tasks() const { return tasks_; }
  int units() const { return static_cast<int>(units_.size()); }

 private:
  using Key = std::tuple<Nanos, Nanos, int>;  // the smaller goes first

  struct State {
    int preemptionClass = 0;
    std::vector<Nanos> cost;  // of a run, by unit
    int unit = -1;            // where it was begun
    bool waits = false, held = false;
    Job waiting, begun;         // where there are any
    Nanos spent = 0;            // on what was begun
    Nanos urgency = kNever;     // of what waits: its deadline, or of the first that was dropped
    Nanos begunUrgency = 0;     // of what was begun
    Nanos lastBegin = -kNever;  // when a job began last
  };
  struct UnitState {
    std::vector<int> stack;  // tasks that have begun here, the last one computes
    int computes = -1;       // what next() said last,
    Nanos since = 0;         // and when
    double slowness = 1;
  };

  bool canBegin(int task) const {
    return states_[task].waits && !states_[task].held && !hasBegun(task);
  }
  bool isLate(int task, int unit, Nanos now) const;
  void noteSpent(UnitState& unit, Nanos now);
  void drop(State& state, Why why);
  void dropLate(Nanos now);
  Key keyOf(int task, Nanos now) const;
  /// Of those that can begin and for which `may` says true.
  template <class May>
  int first(Nanos now, const May& may) const;
  void beginByRule(int unit, Nanos now);
  void beginByUrgency(int unit, Nanos now);
  int firstOf(int home, Nanos now) const;
  int bestUnitFor(int task, Nanos now) const;
  bool mayVisit(int task, int unit, Nanos now) const;
  Nanos endAtHome(int task, Nanos now) const;
  Nanos left(int task) const;
  bool goesBefore(int waiting, int begun) const;
  void begin(int task, int unit, Nanos now);

  std::vector<Task> tasks_;
  Rule rule_;
  std::vector<State> states_;
  std::vector<UnitState> units_;
  int lastBegun_ = -1;
  uint64_t begins_ = 0;
  std::vector<Dropped> dropped_;
};

}  // namespace minnow::schedule
