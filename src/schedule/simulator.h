// A machine in virtual time that computes what the policy says: the same decisions as when running,
// in microseconds for seconds.
#pragma once

#include <functional>
#include <random>
#include <span>
#include <vector>

#include "schedule/policy.h"

namespace minnow::schedule {

/// A frame that a task is to look at.
struct Arrival {
  Nanos at = 0;
  int task = 0;
};

/// What became of a task's jobs.
struct Outcome {
  int released = 0, ended = 0, missed = 0;
  std::array<int, kWhys> dropped{};
  Nanos worstResponse = 0;  ///< from release to end
  Nanos worstGap = 0;       ///< between two begins, and before the first
  Nanos busy = 0;           ///< time that it computed
  int drops() const { return std::accumulate(dropped.begin(), dropped.end(), 0); }
};

struct SimulatorOptions {
  int arenas = 1;
  /// What a piece takes now; empty: what was measured.
  std::function<Nanos(int task, size_t piece)> piece{};
  /// How many runs a task that another one triggers has; empty: the most.
  std::function<int(int task)> runs{};
  /// Called where the machine has nothing to do, with the time and until when.
  std::function<void(const Policy&, Nanos, Nanos)> idle{};
  /// Called before every piece.
  std::function<void(const Policy&, int task, Nanos)> begins{};
};

/// `arrivals` in order of time. Runs until all is done that came.
std::vector<Outcome> simulate(const std::vector<Task>& tasks, std::span<const Arrival> arrivals,
                              const SimulatorOptions& options);

/// Frames for every task that no other triggers, for so long: no closer than its period and jitter
/// allow, and now and then further apart. The worst case is among the draws: no gaps, full jitter
/// first.
std::vector<Arrival> drawArrivals(std::span<const Task> tasks, Nanos length,
                                  std::mt19937_64& random);

}  // namespace minnow::schedule
