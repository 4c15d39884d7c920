// Rules for Operator::rowsRead that operators share: which part of an input a strip of the output
// is computed from. The strip lies within the output; shapes and attributes were validated.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

/// All of the input.
inline constexpr Rows kAllRows{.axis = Rows::kWhole};

/// The same rows, of another axis of the input perhaps.
inline Rows sameRows(const Rows& output, int axis) { return {axis, output.begin, output.end}; }

/// For operators that compute along the axes of the mask: the same rows of any other axis.
std::optional<Rows> rowsUnlessMixed(const Rows& output, uint32_t mixed);

/// For reductions over the axes of the mask, which stay with extent 1 or are dropped.
std::optional<Rows> rowsReduced(const Rows& output, uint32_t reduced, bool keepDims);

/// The rows read of an input that is broadcast to the output's shape: all of them where it repeats.
Rows rowsBroadcast(const Rows& output, const Shape& input, const Shape& outputShape);

/// The rows read of an input that has the output's elements in the same row-major order: those
/// along the axis that has the same extent and as many elements before it; none if there is no such
/// axis.
std::optional<Rows> rowsReshaped(const Rows& output, const Shape& input, const Shape& outputShape);

/// Where only rows of N,C,H,W can be asked for: whether these are such rows.
bool isImageStrip(const Rows& output, std::span<const TensorType> outputs);

}  // namespace minnow::ops
