// What DynamicQuantizeLinear chooses (ONNX): 256 steps from the least number to the greatest, 0
// among them.
#pragma once

#include <algorithm>

#include "kernels/double_math.h"

namespace minnow::kernels {

struct DynamicScale {
  float scale;
  double zero;  ///< a whole number from 0 to 255; not a number where the range is none

  /// Of -2 to 3.1 the scale is 0.02 and the zero point 100. `low` is at most 0, `high` at least 0.
  DynamicScale(float low, float high)
      : scale((high == low ? 1.0F : high - low) / 255.0F),
        zero(std::clamp(in_double::nearest(0.0F - low / scale), 0.0, 255.0)) {}
};

}  // namespace minnow::kernels
