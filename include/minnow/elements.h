// Buffers of plain elements, as numpy and PyTorch keep them, into tensors and out of them.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

#include "minnow/status.h"
#include "minnow/tensor.h"

#pragma GCC visibility push(default)

namespace minnow {

/// The type of elements that are T in C++: Float32 for float, Int64 for int64_t. Undefined for
/// std::byte, which may be bytes of any elements.
template <class T>
  requires(std::is_arithmetic_v<T> && sizeof(T) <= 8) || std::same_as<T, std::byte>
constexpr DataType dataTypeOf() {
  using enum DataType;
  if (std::same_as<T, std::byte>) return Undefined;
  if (std::same_as<T, bool>) return Bool;
  if (std::floating_point<T>) return sizeof(T) == 4 ? Float32 : Float64;
  constexpr std::array kSigned{Int8, Int16, Int32, Int64};
  constexpr std::array kUnsigned{Uint8, Uint16, Uint32, Uint64};
  return (std::is_signed_v<T> ? kSigned : kUnsigned)[std::bit_width(sizeof(T)) - 1];
}

/// Copies elements that lie row-major in the model's own axis order, as numpy and PyTorch keep them
/// (a picture as N,C,H,W), into a tensor, wherever its strides put them. ShapeMismatch when `type`,
/// unless it is Undefined, or the number of bytes is not the tensor's; nothing is written then.
Result<void> writeTensor(const TensorView& to, DataType type, std::span<const std::byte> elements);
/// Copies a tensor's elements out of it in the same way.
Result<void> readTensor(const TensorView& from, DataType type, std::span<std::byte> elements);

/// A vector, an array or a span.
template <class T>
concept Contiguous = requires(T& elements) { std::span(elements); };

/// The same, with the type that the elements have in C++:
///
///   std::vector<float> pixels(3 * 320 * 320);
///   auto written = writeTensor(frame.input("images"), pixels);
template <Contiguous Elements>
Result<void> writeTensor(const TensorView& to, const Elements& elements) {
  return writeTensor(to, dataTypeOf<typename decltype(std::span(elements))::value_type>(),
                     std::as_bytes(std::span(elements)));
}
template <Contiguous Elements>
Result<void> readTensor(const TensorView& from, Elements&& elements) {
  return readTensor(from, dataTypeOf<typename decltype(std::span(elements))::value_type>(),
                    std::as_writable_bytes(std::span(elements)));
}

}  // namespace minnow

#pragma GCC visibility pop
