// Elements of any type as numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/element_types.h"
#include "minnow/tensor.h"

namespace minnow::analysis {

using base::Boolean;
using base::Half;
using base::Tag;
using base::visitType;

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
