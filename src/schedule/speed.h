// How fast the machine is beside what was measured: hot devices slow down, other programs take cores.
#pragma once

#include <cmath>

#include "schedule/task.h"

namespace minnow::schedule {

class Speed {
 public:
  /// What was measured as `expected` took so long. Later times count more: half of the weight is in
  /// the last 170 ms of computing.
  void add(Nanos expected, Nanos took) {
    if (expected <= 0 || took <= 0) return;
    const double keep = std::exp(-static_cast<double>(took) / kMemory);
    expected_ = keep * expected_ + static_cast<double>(expected);
    took_ = keep * took_ + static_cast<double>(took);
  }
  /// 1 as measured, 0.5 where all takes twice as long.
  double now() const { return took_ < kEnough ? 1 : expected_ / took_; }
  /// True once for each change by a tenth; then it is the speed that was told.
  bool changed() {
    if (std::abs(now() / told_ - 1) < 0.1) return false;
    told_ = now();
    return true;
  }

 private:
  static constexpr double kMemory = 250e6, kEnough = 50e6;
  double expected_ = 0, took_ = 0, told_ = 1;
};

}  // namespace minnow::schedule
