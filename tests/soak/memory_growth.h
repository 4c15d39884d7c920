// Whether memory grows, from samples at rest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <vector>

namespace minnow {

class MemoryGrowth {
 public:
  /// So many samples, for which memory is taken before.
  explicit MemoryGrowth(size_t most) { samples_.reserve(most); }
  void add(double minutes, double kilobytes) { samples_.push_back({minutes, kilobytes}); }

  /// kB a minute, by least squares over what came after `warmUp` minutes.
  double slope(double warmUp) const {
    double count = 0, time = 0, amount = 0, both = 0, squares = 0;
    auto after =
        samples_ | std::views::filter([&](const Sample& one) { return one.minutes >= warmUp; });
    for (const Sample& one : after) ++count, time += one.minutes, amount += one.kilobytes;
    time /= count, amount /= count;
    for (const Sample& one : after) {
      both += (one.minutes - time) * (one.kilobytes - amount);
      squares += (one.minutes - time) * (one.minutes - time);
    }
    return squares > 0 ? both / squares : 0;
  }
  /// kB from the end of the warm-up to the end.
  double rise(double warmUp) const {
    const auto first = std::ranges::lower_bound(samples_, warmUp, {}, &Sample::minutes);
    return first == samples_.end() ? 0 : samples_.back().kilobytes - first->kilobytes;
  }

 private:
  struct Sample {
    double minutes, kilobytes;
  };
  std::vector<Sample> samples_;
};

}  // namespace minnow
