// Sums are taken in the order of elements, so that the same pictures give the same bits.
#include "quantise/statistics.h"

#include <algorithm>
#include <cmath>

namespace minnow::quantise {
namespace {

constexpr size_t kBins = 2048;

}  // namespace

bool addExtremes(Statistics& to, std::span<const float> elements, int64_t channels, int64_t inner) {
  if (!std::ranges::all_of(elements, [](float x) { return std::isfinite(x); })) return false;
  to.channelMost.resize(static_cast<size_t>(channels));
  to.channelSum.resize(static_cast<size_t>(channels));
  for (size_t begin = 0, channel = 0; begin < elements.size();
       begin += static_cast<size_t>(inner), channel = (channel + 1) % to.channelSum.size()) {
    double sum = 0;
    float least = 0, most = 0;
    for (const float x : elements.subspan(begin, static_cast<size_t>(inner)))
      sum += x, least = std::min(least, x), most = std::max(most, x);
    to.least = std::min(to.least, least), to.most = std::max(to.most, most);
    to.channelMost[channel] = std::max({to.channelMost[channel], -least, most});
    to.channelSum[channel] += sum;
  }
  to.elements += static_cast<int64_t>(elements.size());
  return true;
}

void addToBins(Statistics& to, std::span<const float> elements) {
  to.bins.resize(kBins);
  const double width = to.binWidth();
  if (width <= 0) return;
  for (const float x : elements) {
    const auto bin = static_cast<int64_t>((double{x} - to.least) / width);
    ++to.bins[static_cast<size_t>(std::clamp<int64_t>(bin, 0, kBins - 1))];
  }
}

}  // namespace minnow::quantise
