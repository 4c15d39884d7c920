// Ranges are searched for by shrinking the upper end, then the lower one, and keeping what costs
// least; rules differ in what a range costs.
#include "quantise/ranges.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace minnow::quantise {
namespace {

constexpr int kLevels = 256;
constexpr int kShrinkings = 128;  // steps from the whole range towards none of it

int levelOf(double x, const ops::Quantisation& by) {
  const double level = std::nearbyint(x / by.scale) + static_cast<double>(by.zero);
  return static_cast<int>(std::clamp(level, 0.0, kLevels - 1.0));
}

double squaredError(const Statistics& seen, const ops::Quantisation& by) {
  double sum = 0;
  for (size_t i = 0; i < seen.bins.size(); ++i) {
    if (seen.bins[i] == 0) continue;
    const double x = seen.binCentre(i);
    const double error = x - static_cast<double>(levelOf(x, by) - by.zero) * by.scale;
    sum += error * error * static_cast<double>(seen.bins[i]);
  }
  return sum;
}

/// Of the distribution from the one in which all bins of a level have the same share. Saturated
/// elements count for their level. Where that would have none without them, they stand against a
/// share as small as there is, one element's over all bins: left out, they would cost nothing, and
/// of few elements the least range would be the best.
double divergence(const Statistics& seen, const ops::Quantisation& by) {
  struct Level {
    double all = 0, inside = 0;
    int bins = 0;
  };
  std::array<Level, kLevels> levels{};
  const auto isInside = [&](double x) {
    const double level = x / by.scale + static_cast<double>(by.zero);
    return level >= -0.5 && level <= kLevels - 0.5;
  };
  for (size_t i = 0; i < seen.bins.size(); ++i) {
    if (seen.bins[i] == 0) continue;
    const double x = seen.binCentre(i);
    Level& level = levels[static_cast<size_t>(levelOf(x, by))];
    level.all += static_cast<double>(seen.bins[i]);
    if (isInside(x)) level.inside += static_cast<double>(seen.bins[i]), ++level.bins;
  }
  const auto elements = static_cast<double>(seen.elements);
  double sum = 0;
  for (const Level& level : levels)
    if (level.bins == 0 && level.all > 0)
      sum += level.all / elements * std::log(level.all * static_cast<double>(seen.bins.size()));
  for (size_t i = 0; i < seen.bins.size(); ++i) {
    const double x = seen.binCentre(i);
    if (seen.bins[i] == 0 || !isInside(x)) continue;
    const Level& level = levels[static_cast<size_t>(levelOf(x, by))];
    const double outside = (level.all - level.inside) / level.bins;
    const double p = (static_cast<double>(seen.bins[i]) + outside) / elements;
    sum += p * std::log(p / (level.inside / level.bins / elements));
  }
  return sum;
}

template <class Cost>
ops::Quantisation cheapest(const Statistics& seen, Cost cost) {
  double least = seen.least, most = seen.most;
  double lowest = std::numeric_limits<double>::infinity();
  const auto shrink = [&](double& end) {
    const double whole = end;
    double best = whole;
    for (int i = 0; i < kShrinkings; ++i) {
      end = whole * (kShrinkings - i) / kShrinkings;
      const double now = cost(seen, quantisationOf(least, most));
      if (now < lowest) lowest = now, best = end;
    }
    end = best;
  };
  shrink(most);
  shrink(least);
  return quantisationOf(least, most);
}

/// Where `part` of the elements lie at or below.
double quantile(const Statistics& seen, double part) {
  const double wanted = part * static_cast<double>(seen.elements);
  double sum = 0;
  for (size_t i = 0; i < seen.bins.size(); ++i) {
    sum += static_cast<double>(seen.bins[i]);
    if (sum >= wanted) return seen.binCentre(i);
  }
  return seen.most;
}

}  // namespace

bool needsBins(const RangeOptions& options) { return options.rule != RangeRule::MinMax; }

ops::Quantisation quantisationOf(double least, double most) {
  least = std::min(least, 0.0), most = std::max(most, 0.0);
  const auto scale = static_cast<float>((most - least) / (kLevels - 1));
  if (!(scale >= std::numeric_limits<float>::min())) return {1, 0};
  const double zero = std::nearbyint(-least / scale);
  return {scale, static_cast<int64_t>(std::clamp(zero, 0.0, kLevels - 1.0))};
}

ops::Quantisation chosenRange(const Statistics& seen, const RangeOptions& options) {
  switch (options.rule) {
    case RangeRule::Percentile: {
      const double part = options.percentile / 100;
      return quantisationOf(quantile(seen, 1 - part), quantile(seen, part));
    }
    case RangeRule::Squares:
      return cheapest(seen, squaredError);
    case RangeRule::Divergence:
      return cheapest(seen, divergence);
    default:
      return quantisationOf(seen.least, seen.most);
  }
}

}  // namespace minnow::quantise
