// A model as the policy, admission and the simulator see it: numbers and no session. Times are
// nanoseconds of whatever clock the caller has. A unit computes one piece at a time: a core, or a few
// that share every loop, or a device's queue.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace minnow::schedule {

using Nanos = int64_t;
inline constexpr Nanos kNever = std::numeric_limits<Nanos>::max();
inline constexpr Nanos kSecond = 1'000'000'000;

/// A unit that is not a task's home, where it may be computed while that unit has nothing of its own.
struct Visit {
  int unit = 0;
  std::vector<Nanos> pieces{};
  /// A job that begins there when nothing of the unit's own waits ends so soon, whatever comes.
  Nanos bound = kNever;

  Nanos longestPiece() const { return pieces.empty() ? 0 : std::ranges::max(pieces); }
};

struct Task {
  Nanos period = 0;  ///< of two jobs, on average the least
  Nanos jitter = 0;  ///< by which a job may come later than its period says
  Nanos deadline =
      0;             ///< after its frame was captured; of a task with `of`, after it was triggered
  int priority = 0;  ///< the greater is the more urgent
  int of = -1;       ///< the task on whose results it runs
  int mostRuns = 1;  ///< in one job: crops of one frame
  /// Measured, on its home: what nothing can go between, in order. Of a device a whole run.
  std::vector<Nanos> pieces{};
  int home = 0;                 ///< the unit that is promised to it
  std::vector<Visit> visits{};  ///< and those that it may use
  Nanos promise =
      0;  ///< a visit may last until so long after the release, and all else still holds

  /// Of a job with as many runs as there may be.
  Nanos cost() const { return mostRuns * costOfRun(); }
  Nanos costOfRun() const { return std::accumulate(pieces.begin(), pieces.end(), Nanos(0)); }
  Nanos longestPiece() const { return pieces.empty() ? 0 : std::ranges::max(pieces); }
  const Visit* visitTo(int unit) const {
    const auto found = std::ranges::find(visits, unit, &Visit::unit);
    return found == visits.end() ? nullptr : &*found;
  }
  /// null where it cannot be computed there.
  const std::vector<Nanos>* piecesOn(int unit) const {
    if (unit == home) return &pieces;
    const Visit* visit = visitTo(unit);
    return visit == nullptr ? nullptr : &visit->pieces;
  }
};

/// How many jobs may be begun at a time on each unit, of those that are at home there. Where there are
/// visits, each unit has room for one more.
struct Units {
  Units(int arenas) : arenas{arenas} {}                      // NOLINT: one unit is the rule
  Units(std::vector<int> each) : arenas(std::move(each)) {}  // NOLINT
  std::vector<int> arenas;

  int count() const { return static_cast<int>(arenas.size()); }
};

/// Which tasks may be begun while which others are, on their home: one of a greater number, while those
/// of smaller ones wait in the middle. Each number needs an arena. There is one for each priority and
/// deadline if there are as many arenas; else neighbours share one, those first that then wait for the
/// smallest share of their deadlines, and of different priorities last.
std::vector<int> preemptionClasses(std::span<const Task> tasks, const Units& units);
/// As many as make every task preempt all that are less urgent.
int arenasWanted(std::span<const Task> tasks, int unit = 0);
/// For how much of its deadline a task would wait for another of its priority, with one arena less than so many;
/// infinity where it would be one of a smaller priority.
double waitWithFewer(std::span<const Task> tasks, int unit, int arenas);

}  // namespace minnow::schedule
