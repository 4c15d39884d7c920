// How long frames took, to 1 %, in a fixed number of bytes: counts of logarithmic steps.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "schedule/task.h"

namespace minnow::schedule {

class Latencies {
 public:
  void add(Nanos latency) { ++counts_[stepOf(latency)], ++all_; }
  /// The least latency that a share of all do not exceed; 0 where there are none.
  Nanos quantile(double share) const {
    const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(all_)));
    uint64_t seen = 0;
    for (size_t step = 0; step < counts_.size(); ++step)
      if ((seen += counts_[step]) >= std::max<uint64_t>(wanted, 1)) return middleOf(step);
    return 0;
  }

 private:
  static constexpr double kPerDoubling = 48;  // 1.5 % apart, so 0.7 % off at most
  static constexpr Nanos kLeast = 1000;
  static constexpr size_t kSteps = 1300;  // to 140 s

  static size_t stepOf(Nanos latency) {
    const double doublings =
        std::log2(static_cast<double>(std::max(latency, kLeast)) / static_cast<double>(kLeast));
    return std::min(static_cast<size_t>(doublings * kPerDoubling), kSteps - 1);
  }
  static Nanos middleOf(size_t step) {
    return static_cast<Nanos>(static_cast<double>(kLeast) *
                              std::exp2((static_cast<double>(step) + 0.5) / kPerDoubling));
  }

  std::array<uint32_t, kSteps> counts_{};
  uint64_t all_ = 0;
};

}  // namespace minnow::schedule
