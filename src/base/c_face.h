// What every C face is made of: errors become a code and a sentence kept for the calling thread, options and accounts begin
// with their size. The functions are described in minnow/minnow.h.
#pragma once

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fail.h"
#include "base/guarded.h"
#include "minnow/minnow.h"
#include "minnow/runtime.h"

namespace minnow::c {

inline thread_local std::string lastError;

inline minnow_status failed(ErrorCode code, std::string message) {
  lastError = std::move(message);
  return static_cast<minnow_status>(static_cast<int>(code) + 1);
}
inline minnow_status failed(Error error) { return failed(error.code, std::move(error.message)); }

/// Runs the body of a function: what it throws becomes a status and an error text.
template <class Body>
minnow_status checked(Body&& body) noexcept {
  auto status = guarded("the call", [&]() -> Result<minnow_status> { return body(); });
  return status ? *status : failed(std::move(status.error()));
}
inline minnow_status nullArgument() {
  return failed(ErrorCode::InvalidArgument, "an argument that must not be NULL is");
}

/// The caller's options, completed from `defaults` where the caller's header is older. What lies
/// beyond this library's own struct is of a newer one: zero stands for its default.
template <class Options>
Result<Options> completed(const Options* given, Options defaults) {
  if (given == nullptr) return defaults;
  const size_t size = given->size;
  if (size < sizeof size)
    return fail(ErrorCode::InvalidArgument, "the options' size is ", size,
                "; begin with the header's initialiser, MINNOW_…_OPTIONS_INIT");
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (size_t i = sizeof defaults; i < size; ++i)
    if (bytes[i] != 0)
      return fail(ErrorCode::VersionMismatch, "the options have ", size,
                  " bytes and set what this library (", version(), ") does not know; it knows ",
                  sizeof defaults);
  std::memcpy(&defaults, given, std::min(size, sizeof defaults));
  return defaults;
}

/// Refuses what a later version may give a meaning.
inline Result<void> areZero(std::initializer_list<int> reserved) {
  for (const int one : reserved)
    if (one != 0)
      return fail(ErrorCode::InvalidArgument, "a reserved member is ", one, ", and has to be 0");
  return {};
}

/// As much as the caller's header has; zero for what a newer one has.
template <class Account>
minnow_status handOver(const Account& whole, Account* account) {
  const size_t size = account->size;
  if (size < sizeof size)
    return failed(ErrorCode::InvalidArgument,
                  text("the account's size is ", size,
                       "; begin with the header's initialiser, MINNOW_…_INIT"));
  std::memset(account, 0, size);
  std::memcpy(account, &whole, std::min(size, sizeof whole));
  account->size = size;
  return MINNOW_OK;
}

/// Spans of the caller's integers' meaning, which live as long as `by`'s do.
inline minnow_status handOver(const Quantisation& by, minnow_quantisation* quantisation) {
  return handOver({sizeof *quantisation, by.scales.data(), by.zeroPoints.data(), by.scales.size(),
                   by.zeroPoints.size(), by.axis, static_cast<int>(by.rule)},
                  quantisation);
}

/// Moves a result into a new handle.
template <class Handle, class T>
minnow_status handOver(Result<T> result, Handle** handle) {
  if (!result) return failed(std::move(result.error()));
  auto* made = new (std::nothrow) Handle{std::move(*result)};
  if (made == nullptr) return failed(ErrorCode::OutOfMemory, "no memory for a handle");
  *handle = made;
  return MINNOW_OK;
}

inline minnow_tensor tensorOf(const TensorView& view) {
  minnow_tensor tensor{};
  tensor.type = static_cast<minnow_type>(view.type);
  tensor.rank = view.shape.rank();
  for (int axis = 0; axis < view.shape.rank(); ++axis) {
    tensor.shape[axis] = view.shape[axis];
    tensor.strides[axis] = view.strides[static_cast<size_t>(axis)];
  }
  tensor.data = view.data;
  return tensor;
}

/// The tensor as a view; without a type when it cannot be one. Whether its extents are possible is not asked.
inline TensorView viewOf(const minnow_tensor& tensor) {
  TensorView view;
  if (tensor.rank < 0 || tensor.rank > MINNOW_MAX_RANK) return view;
  view.shape = Shape(std::span(tensor.shape, static_cast<size_t>(tensor.rank)));
  for (int axis = 0; axis < tensor.rank; ++axis)
    view.strides[static_cast<size_t>(axis)] = tensor.strides[axis];
  view.data = tensor.data;
  const auto type = static_cast<DataType>(tensor.type);
  if (elementSize(type) != 0) view.type = type;
  return view;
}

inline minnow_status handOver(const TensorView& view, minnow_tensor* tensor) {
  if (view.missing) return failed(ErrorCode::NotFound, view.missing);
  *tensor = tensorOf(view);
  return MINNOW_OK;
}

using NamedShapes = std::vector<std::pair<std::string, Shape>>;

inline Result<NamedShapes> shapesOf(const minnow_input_shape* shapes, size_t count) {
  NamedShapes named;
  for (size_t i = 0; i < count; ++i) {
    const auto& [name, extents, rank] = shapes[i];
    if (name == nullptr || (extents == nullptr && rank != 0))
      return fail(ErrorCode::InvalidArgument, "an input's name or shape is NULL");
    if (rank < 0 || rank > MINNOW_MAX_RANK)
      return fail(ErrorCode::InvalidArgument, "a rank of ", rank, " is not possible");
    named.emplace_back(name, Shape(std::span(extents, static_cast<size_t>(rank))));
  }
  return named;
}

/// The first of a list, and the others.
inline std::pair<std::string_view, std::string_view> splitList(const char* names) {
  const std::string_view list = names == nullptr ? "cpu" : names;
  const size_t end = std::min(list.find(','), list.size());
  return {list.substr(0, end), list.substr(std::min(end + 1, list.size()))};
}

}  // namespace minnow::c
