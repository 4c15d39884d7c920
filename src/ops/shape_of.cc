// ShapeOf: types and shapes.
#include "ops/shape_of.h"

#include "ops/data_axes.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeShapeOf() { return std::make_unique<ShapeOf>(); }

ShapeOf::Axes ShapeOf::axesOf(int rank) const {
  const auto clamped = [&](int64_t axis) {
    return static_cast<int>(std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank));
  };
  return {clamped(start), std::max(clamped(start), clamped(end))};
}

Result<TensorTypes> ShapeOf::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  const Axes axes = axesOf(inputs[0].shape.rank());
  return TensorTypes{TensorType{DataType::Int64, {axes.end - axes.first}}};
}

/// How many extents there are, data never decide.
std::optional<DataAxes> ShapeOf::dataAxes(const DataInputs&) const { return DataAxes{}; }

}  // namespace minnow::ops
