// Shared rules of rowsRead.
#include "ops/rows.h"

namespace minnow::ops {
namespace {

int64_t elementsBefore(const Shape& shape, int axis) {
  return Shape(shape.dims().first(static_cast<size_t>(axis))).elements();
}

}  // namespace

std::optional<Rows> rowsUnlessMixed(const Rows& output, uint32_t mixed) {
  if (mixed >> output.axis & 1) return std::nullopt;
  return output;
}

std::optional<Rows> rowsReduced(const Rows& output, uint32_t reduced, bool keepDims) {
  if (keepDims) return rowsUnlessMixed(output, reduced);
  int axis = 0;
  for (int left = output.axis; (reduced >> axis & 1) || left > 0; ++axis)
    left -= !(reduced >> axis & 1);
  return sameRows(output, axis);
}

Rows rowsBroadcast(const Rows& output, const Shape& input, const Shape& outputShape) {
  const int axis = output.axis - (outputShape.rank() - input.rank());
  if (axis < 0 || input[axis] != outputShape[output.axis]) return kAllRows;
  return sameRows(output, axis);
}

std::optional<Rows> rowsReshaped(const Rows& output, const Shape& input, const Shape& outputShape) {
  const int64_t extent = outputShape[output.axis];
  if (extent == 1) return kAllRows;
  const int64_t before = elementsBefore(outputShape, output.axis);
  for (int axis = 0; axis < input.rank(); ++axis)
    if (input[axis] == extent && elementsBefore(input, axis) == before)
      return sameRows(output, axis);
  return std::nullopt;
}

bool isImageStrip(const Rows& output, std::span<const TensorType> outputs) {
  return output.axis == 2 && outputs[0].shape.rank() == 4;
}

}  // namespace minnow::ops
