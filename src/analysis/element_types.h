// From a DataType known at run time to the C++ type of one element, and elements as numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/half.h"
#include "minnow/tensor.h"

namespace minnow::analysis {

using base::Half;

/// A byte that means true unless it is 0; files hold others than 0 and 1.
struct Boolean {
  uint8_t byte;
};

/// Calls fn with a value of the C++ type of `type`; the value itself means nothing.
template <class Fn>
auto withElementType(DataType type, Fn fn) {
  switch (type) {
    case DataType::Float64:
      return fn(double{});
    case DataType::Float16:
      return fn(Half{});
    case DataType::Int8:
      return fn(int8_t{});
    case DataType::Int16:
      return fn(int16_t{});
    case DataType::Int32:
      return fn(int32_t{});
    case DataType::Int64:
      return fn(int64_t{});
    case DataType::Uint8:
      return fn(uint8_t{});
    case DataType::Uint16:
      return fn(uint16_t{});
    case DataType::Uint32:
      return fn(uint32_t{});
    case DataType::Uint64:
      return fn(uint64_t{});
    case DataType::Bool:
      return fn(Boolean{});
    default:
      return fn(float{});
  }
}

template <class T>
inline constexpr bool isReal = std::is_floating_point_v<T> || std::is_same_v<T, Half>;

inline double toDouble(Half value) { return static_cast<float>(value); }
inline double toDouble(Boolean value) { return value.byte != 0 ? 1 : 0; }
template <class T>
double toDouble(T value) {
  return static_cast<double>(value);
}

/// Element `index` of row-major bytes.
template <class T>
T elementAt(const std::byte* bytes, int64_t index) {
  T value;
  std::memcpy(&value, bytes + static_cast<size_t>(index) * sizeof value, sizeof value);
  return value;
}

}  // namespace minnow::analysis
