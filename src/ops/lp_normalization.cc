// LpNormalization: types and shapes.
#include "ops/lp_normalization.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeLpNormalization() { return std::make_unique<LpNormalization>(); }

Result<TensorTypes> LpNormalization::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  if (inputs[0].type != DataType::Float32 && inputs[0].type != DataType::Float64)
    return fail(ErrorCode::Unsupported, name(), " of ", inputs[0].type,
                " (float32 and float64 are supported)");
  if (p != 1 && p != 2) return fail(ErrorCode::BadModel, name(), ": p is ", p, ", expected 1 or 2");
  if (axis < 0 || axis >= inputs[0].shape.rank())
    return fail(ErrorCode::ShapeMismatch, name(), ": axis ", axis, " is outside a tensor of rank ",
                inputs[0].shape.rank());
  return TensorTypes{inputs[0]};
}

std::optional<Rows> LpNormalization::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                              std::span<const TensorType>) const {
  return rowsUnlessMixed(output, 1u << axis);
}

std::optional<DataAxes> LpNormalization::dataAxes(const DataInputs& in) const {
  return axesOfInput(in);
}

}  // namespace minnow::ops
