// From what was seen of a tensor to its scale and zero point.
#pragma once

#include "ops/quantized.h"
#include "quantise/statistics.h"

namespace minnow::quantise {

/// Which part of what was seen 256 integers stand for; what lies beyond saturates.
enum class RangeRule {
  MinMax,      ///< all of it
  Percentile,  ///< all but the given part at either end
  Squares,     ///< the range whose rounding and saturation have the least squared error
  Divergence,  ///< the range after which the distribution says most of what it said (Kullback, Leibler)
};

struct RangeOptions {
  RangeRule rule = RangeRule::MinMax;
  double percentile = 99.99;
};

/// True if the rule needs Statistics::bins.
bool needsBins(const RangeOptions& options);

/// Of uint8. 0 is one of the numbers that are exact.
ops::Quantisation quantisationOf(double least, double most);
ops::Quantisation chosenRange(const Statistics& seen, const RangeOptions& options);

}  // namespace minnow::quantise
