// Whether a set of tasks keeps its deadlines under the policy, told before it runs: response-time
// analysis of each unit with the tasks that are at home there. It is sufficient and not necessary: what
// it admits misses nothing as long as pieces take no longer than they were measured and frames come
// no closer than their period and jitter say; what it refuses may still go well.
//
// A job misses its deadline d only if the machine is busy from some moment t on with jobs that are
// at least as urgent: those of greater priority, and those of its own that end by d. Before the first
// of them begins, one job that is less urgent may hold the machine: for a piece, or, where preemption
// classes are shared for want of arenas, to its end. So the response is bounded by the longest of
// these busy periods over all deadlines d (Spuri 1996 for deadlines, with priorities above them and
// the blocking of non-preemptive pieces as Baker 1991 has it). Releases may be late by a task's
// jitter; a task that runs on the results of another has that one's response as its jitter (Tindell
// and Clark 1994), which is iterated to a fixed point.
//
// Visits change none of it. A guest begins where nothing of the unit's own waits and goes after all of
// it, so it is one more that may hold a piece; and its home has less to do. Its own end is bounded
// as if it were the least urgent of the unit that it visits, and it goes there only if that is before
// its deadline, before its next job may come and before those that run on its results count on it.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "schedule/task.h"

namespace minnow::schedule {

struct Verdict {
  Nanos alone = 0;          ///< of a job, all of its runs
  Nanos preemption = 0;     ///< the longest piece: so long others wait
  Nanos response = kNever;  ///< from release to end, at most; kNever: no bound was found
  /// It, and all others of its priority, end within their deadlines and before their next jobs may
  /// come. Nothing below changes that, whatever it wants.
  bool holds = false;
  /// Advice: the greatest share of their rates at which all of its priority are in time, where those
  /// above have theirs: 1 as asked, 0 where no rate helps. Those with 0 are then left out.
  double rateThatHolds = 0;
};

/// By task. `units` as the policy has them.
std::vector<Verdict> admit(std::span<const Task> tasks, const Units& units);
/// The same in a hundredth of the time: rateThatHolds is 1 or 0.
std::vector<Verdict> verdictsOf(std::span<const Task> tasks, const Units& units);
/// True where every task keeps its deadline.
bool allHold(std::span<const Task> tasks, const Units& units);
/// Sets what visits may take and promise, and leaves out those that would cost another task what holds
/// without them. They are the fewer the more the units have to do.
void admitVisits(std::vector<Task>& tasks, const Units& units);

}  // namespace minnow::schedule
