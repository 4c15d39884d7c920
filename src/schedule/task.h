// A model as the policy, admission and the simulator see it: numbers and no session. Times are
// nanoseconds of whatever clock the caller has.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace minnow::schedule {

using Nanos = int64_t;
inline constexpr Nanos kNever = std::numeric_limits<Nanos>::max();
inline constexpr Nanos kSecond = 1'000'000'000;

struct Task {
  Nanos period = 0;  ///< of two jobs, on average the least
  Nanos jitter = 0;  ///< by which a job may come later than its period says
  Nanos deadline =
      0;             ///< after its frame was captured; of a task with `of`, after it was triggered
  int priority = 0;  ///< the greater is the more urgent
  int of = -1;       ///< the task on whose results it runs
  int mostRuns = 1;  ///< in one job: crops of one frame
  /// Measured: what nothing can go between, in order.
  std::vector<Nanos> pieces{};

  /// Of a job with as many runs as there may be.
  Nanos cost() const { return mostRuns * costOfRun(); }
  Nanos costOfRun() const { return std::accumulate(pieces.begin(), pieces.end(), Nanos(0)); }
  Nanos longestPiece() const { return pieces.empty() ? 0 : std::ranges::max(pieces); }
};

/// Which tasks may be begun while which others are: one of a greater number, while those of smaller
/// ones wait in the middle. Each number needs an arena. There is one for each priority and deadline
/// if there are as many arenas; else the least urgent share the lowest.
std::vector<int> preemptionClasses(std::span<const Task> tasks, int arenas);
/// As many as make every task preempt all that are less urgent.
int arenasWanted(std::span<const Task> tasks);

}  // namespace minnow::schedule
