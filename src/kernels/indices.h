// Reading indices, and calling a template with the C++ type of a tensor's elements.
#pragma once

#include <type_traits>

#include "base/element_types.h"
#include "base/fail.h"
#include "kernels/kernel.h"

namespace minnow::kernels {

/// The index at an element offset, negative ones counted from the end; -1 when out of range.
inline int64_t indexAt(const TensorView& indices, int64_t offset, int64_t extent) {
  const int64_t index = indices.type == DataType::Int32 ? indices.as<const int32_t>()[offset]
                                                        : indices.as<const int64_t>()[offset];
  if (index < -extent || index >= extent) return -1;
  return index < 0 ? index + extent : index;
}

inline Result<void> indexOutOfRange(int64_t extent) {
  return fail(ErrorCode::InvalidArgument, "an index is outside an axis of extent ", extent);
}

/// fn(T{}) with an unsigned integer of that many bytes, for moving elements about.
template <class F>
void withBytes(size_t bytes, F&& fn) {
  switch (bytes) {
    case 1:
      return fn(uint8_t{});
    case 2:
      return fn(uint16_t{});
    case 4:
      return fn(uint32_t{});
    default:
      return fn(uint64_t{});
  }
}

/// fn(T{}) with the arithmetic type of the elements (bool counts as uint8). Nothing for float16.
template <class F>
void withNumbers(DataType type, F&& fn) {
  base::visitType(type, [&]<class T>(base::Tag<T>) {
    if constexpr (std::is_same_v<T, base::Boolean>)
      fn(uint8_t{});
    else if constexpr (!std::is_same_v<T, base::Half>)
      fn(T{});
  });
}

}  // namespace minnow::kernels
