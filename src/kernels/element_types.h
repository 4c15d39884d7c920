// Conversion between elements of any types.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "base/element_types.h"
#include "kernels/double_math.h"
#include "minnow/tensor.h"

namespace minnow::kernels {

using base::Boolean;
using base::Half;
using base::Tag;
using base::visitType;

/// Towards zero; what does not fit becomes the nearest that does, a NaN becomes 0.
template <class To>
To saturated(double value) {
  if (std::isnan(value)) return 0;
  if (value <= static_cast<double>(std::numeric_limits<To>::min()))
    return std::numeric_limits<To>::min();
  if (value >= static_cast<double>(std::numeric_limits<To>::max()))
    return std::numeric_limits<To>::max();
  return static_cast<To>(value);
}

/// ONNX Cast: floats to integers towards zero and saturating, integers to narrower integers modulo
/// 2^bits, anything but 0 to true.
template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<From, Half>) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<From, Boolean>) {
    return convert<To>(static_cast<uint8_t>(static_cast<bool>(value)));
  } else if constexpr (std::is_same_v<To, Boolean>) {
    return Boolean(value != 0);
  } else if constexpr (std::is_same_v<From, double> && std::is_same_v<To, Half>) {
    return Half(in_double::toOddFloat(value));
  } else if constexpr (std::is_same_v<To, Half>) {
    return Half(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return saturated<To>(static_cast<double>(value));
  } else if constexpr (std::is_same_v<From, double> && std::is_same_v<To, float>) {
    return in_double::toFloat(value);
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace minnow::kernels
