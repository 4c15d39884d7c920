// From a DataType known at run time to a C++ type, and conversion between elements of any types.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "base/half.h"
#include "kernels/double_math.h"
#include "minnow/tensor.h"

namespace minnow::kernels {

using base::Half;

/// A byte that means true unless it is 0. C++'s bool must not be read from bytes that may be
/// neither 0 nor 1.
struct Boolean {
  uint8_t byte;
  Boolean() = default;
  explicit Boolean(bool value) : byte(value) {}
  explicit operator bool() const { return byte != 0; }
};

template <class T>
struct Tag {
  using Type = T;
};

/// Calls fn(Tag<element type>); false for types that have no elements.
template <class F>
bool visitType(DataType type, F&& fn) {
  switch (type) {
    case DataType::Float32:
      return fn(Tag<float>{}), true;
    case DataType::Float16:
      return fn(Tag<Half>{}), true;
    case DataType::Float64:
      return fn(Tag<double>{}), true;
    case DataType::Uint8:
      return fn(Tag<uint8_t>{}), true;
    case DataType::Int8:
      return fn(Tag<int8_t>{}), true;
    case DataType::Uint16:
      return fn(Tag<uint16_t>{}), true;
    case DataType::Int16:
      return fn(Tag<int16_t>{}), true;
    case DataType::Int32:
      return fn(Tag<int32_t>{}), true;
    case DataType::Uint32:
      return fn(Tag<uint32_t>{}), true;
    case DataType::Int64:
      return fn(Tag<int64_t>{}), true;
    case DataType::Uint64:
      return fn(Tag<uint64_t>{}), true;
    case DataType::Bool:
      return fn(Tag<Boolean>{}), true;
    default:
      return false;
  }
}

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
