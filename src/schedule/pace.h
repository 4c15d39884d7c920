// How fast units are now, and what the policy judges by: the same when running and in the simulator.
#pragma once

#include <vector>

#include "schedule/policy.h"
#include "schedule/speed.h"

namespace minnow::schedule {

class Pace {
 public:
  /// `typical` is what a run of each task takes as a rule on each unit: admission's worst case would drop
  /// what mostly arrives. 0 where it is not computed.
  Pace(Policy& policy, std::vector<std::vector<Nanos>> typical)
      : policy_(policy),
        typical_(std::move(typical)),
        own_(typical_.size(), std::vector<double>(static_cast<size_t>(policy.units()), 1)),
        speeds_(policy.units()) {
    for (int unit = 0; unit < policy_.units(); ++unit) tell(unit);
  }

  double speed(int unit) const { return speeds_[unit].now(); }
  /// What was measured as `expected` took so long there. True where that makes it another speed. A task that was
  /// measured while the machine had other things to do is not late for ever: what it is found to take beside the
  /// others counts too, half of it where it is less than was thought, and an eighth where it is more.
  bool note(int task, int unit, Nanos expected, Nanos took) {
    speeds_[unit].add(expected, took);
    if (expected > 0 && took > 0) {
      double& own = own_[task][unit];
      const double now = static_cast<double>(took) / static_cast<double>(expected) * speed(unit);
      own += (now - own) * (now < own ? 0.5 : 0.125);
      tellCost(task, unit);
    }
    if (!speeds_[unit].changed()) return false;
    tell(unit);
    return true;
  }
  /// It takes something else than it took.
  void setTypical(int task, int unit, Nanos typical) {
    typical_[task][unit] = typical;
    own_[task][unit] = 1;
    tellCost(task, unit);
  }

 private:
  void tellCost(int task, int unit) {
    const double typical = static_cast<double>(typical_[task][unit]) * own_[task][unit];
    if (typical > 0) policy_.setCost(task, unit, static_cast<Nanos>(typical / speed(unit)));
  }
  void tell(int unit) {
    for (int task = 0; task < static_cast<int>(typical_.size()); ++task) tellCost(task, unit);
    policy_.setSlowness(unit, std::max(1.0, 1 / speed(unit)));
  }

  Policy& policy_;
  std::vector<std::vector<Nanos>> typical_;
  std::vector<std::vector<double>> own_;  // of the time that was measured, beside the others
  std::vector<Speed> speeds_;
};

}  // namespace minnow::schedule
