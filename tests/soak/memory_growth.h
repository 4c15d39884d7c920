// Whether memory grows, from samples at rest: what comes and goes with models that are evicted and come back is above
// the lowest of a window, and what leaks is not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace minnow {

class MemoryGrowth {
 public:
  static constexpr int kWindows = 8;
  /// So many samples, for which memory is taken before.
  explicit MemoryGrowth(size_t most) { samples_.reserve(most); }
  void add(double minutes, double kilobytes) { samples_.push_back({minutes, kilobytes}); }

  /// The slope in kB a minute of a line through the lowest samples of `windows` windows, by least squares; what came before
  /// `warmUp` minutes is passed over.
  double slope(double warmUp, int windows = kWindows) const {
    const std::vector<Sample> lowest = lowestOf(warmUp, windows);
    if (lowest.size() < 2) return 0;
    double time = 0, amount = 0, both = 0, squares = 0;
    for (const Sample& one : lowest) time += one.minutes, amount += one.kilobytes;
    time /= static_cast<double>(lowest.size()), amount /= static_cast<double>(lowest.size());
    for (const Sample& one : lowest) {
      both += (one.minutes - time) * (one.kilobytes - amount);
      squares += (one.minutes - time) * (one.minutes - time);
    }
    return squares > 0 ? both / squares : 0;
  }

  struct Sample {
    double minutes, kilobytes;
  };
  std::vector<Sample> lowestOf(double warmUp, int windows = kWindows) const {
    std::vector<Sample> lowest;
    const auto first = std::ranges::lower_bound(samples_, warmUp, {}, &Sample::minutes);
    const auto count = static_cast<size_t>(samples_.end() - first);
    for (int window = 0; window < windows; ++window) {
      const auto begin = first + static_cast<ptrdiff_t>(count * window / windows);
      const auto end = first + static_cast<ptrdiff_t>(count * (window + 1) / windows);
      if (begin != end) lowest.push_back(*std::ranges::min_element(begin, end, {}, &Sample::kilobytes));
    }
    return lowest;
  }

 private:
  std::vector<Sample> samples_;
};

}  // namespace minnow
