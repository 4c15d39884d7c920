// Units in virtual time that compute what the policy says: the same decisions as when running, in
// microseconds for seconds.
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
  int visits = 0;           ///< of those that ended, not at home
  int drops() const { return std::accumulate(dropped.begin(), dropped.end(), 0); }
};

struct SimulatorOptions {
  Units arenas = 1;
  Rule rule = Rule::Urgency;
  /// What a piece takes now that was measured as so much; empty: just that.
  std::function<Nanos(Nanos measured)> piece{};
  /// How many times as long as that everything takes on a unit; empty: once.
  std::function<double(int unit, Nanos)> slower{};
  /// How many runs a task that another one triggers has; empty: the most.
  std::function<int(int task)> runs{};
  /// Called where no unit has anything to do, with the time and until when.
  std::function<void(const Policy&, Nanos, Nanos)> idle{};
  /// Called before every piece.
  std::function<void(const Policy&, int task, Nanos)> begins{};
  /// Called when a unit has another speed.
  std::function<void(int unit, double speed, Nanos)> speed{};
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
