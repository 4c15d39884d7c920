// From a DataType known at run time to the C++ type of one element.
#pragma once

#include <cstdint>

#include "base/half.h"
#include "minnow/tensor.h"

namespace minnow::base {

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

}  // namespace minnow::base
