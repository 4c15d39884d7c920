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
      : policy_(policy), typical_(std::move(typical)), speeds_(policy.units()) {
    for (int unit = 0; unit < policy_.units(); ++unit) tell(unit);
  }

  double speed(int unit) const { return speeds_[unit].now(); }
  /// What was measured as `expected` took so long there. True where that makes it another speed.
  bool note(int unit, Nanos expected, Nanos took) {
    speeds_[unit].add(expected, took);
    if (!speeds_[unit].changed()) return false;
    tell(unit);
    return true;
  }
  /// It takes something else than it took.
  void setTypical(int task, int unit, Nanos typical) {
    typical_[static_cast<size_t>(task)][static_cast<size_t>(unit)] = typical;
    tell(unit);
  }

 private:
  void tell(int unit) {
    const double speed = speeds_[unit].now();
    for (size_t task = 0; task < typical_.size(); ++task)
      if (const Nanos typical = typical_[task][unit]; typical > 0)
        policy_.setCost(static_cast<int>(task), unit,
                        static_cast<Nanos>(static_cast<double>(typical) / speed));
    policy_.setSlowness(unit, std::max(1.0, 1 / speed));
  }

  Policy& policy_;
  std::vector<std::vector<Nanos>> typical_;
  std::vector<Speed> speeds_;
};

}  // namespace minnow::schedule
