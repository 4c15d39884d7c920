// Views without copying: which strides address the same elements in the same row-major order under
// another shape, and the checks that operators which only move elements share.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

/// Strides under which `to` (same element count as `from`) reads the elements of `from`/`input` in
/// the same row-major order; nullopt when there are none. Axes of extent 1 get plausible strides.
std::optional<Storage> reshapeStorage(const Shape& from, const Storage& input, const Shape& to);

/// True of an empty list too.
bool allAre(std::span<const int64_t> list, int64_t number);

/// expectInputs, and input 0 is of a type whose elements can be moved.
Result<void> expectMovable(std::span<const TensorType> inputs, size_t least, size_t most);

/// Marks the (possibly negative) axes; fails on one out of range or given twice.
Result<std::array<bool, kMaxRank>> markAxes(std::span<const int64_t> axes, int rank);

/// The one output `shape` of `type`, if its size is sane.
Result<TensorTypes> oneOutput(DataType type, const Shape& shape);

}  // namespace minnow::ops
