// What calibration remembers of a tensor: its extremes, its channels, and how its elements are
// spread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace minnow::quantise {

/// Elements of all pictures. A channel is a place along one axis; `inner` is how many neighbouring
/// elements have the same.
struct Statistics {
  float least = 0, most = 0;  ///< 0 is always within
  int64_t elements = 0;
  std::vector<float> channelMost;  ///< the largest magnitude
  std::vector<double> channelSum;
  std::vector<int64_t> bins;  ///< of equal width, from `least` to `most`

  bool seen() const { return elements > 0; }
  double binWidth() const { return (double{most} - least) / static_cast<double>(bins.size()); }
  double binCentre(size_t bin) const {
    return least + (static_cast<double>(bin) + 0.5) * binWidth();
  }
  double channelMean(size_t channel) const {
    return channelSum[channel] * static_cast<double>(channelSum.size()) /
           static_cast<double>(elements);
  }
};

/// False, and nothing noted, where an element is no finite number.
bool addExtremes(Statistics& to, std::span<const float> elements, int64_t channels, int64_t inner);
/// Extremes have to be known.
void addToBins(Statistics& to, std::span<const float> elements);

}  // namespace minnow::quantise
