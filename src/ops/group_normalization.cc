// GroupNormalization: types and shapes.
#include "ops/group_normalization.h"

#include "ops/data_axes.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeGroupNormalization() {
  return std::make_unique<GroupNormalization>();
}

Result<TensorTypes> GroupNormalization::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 3, 3); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  if (x.rank() < 2 || groups < 0 || x[1] % groupsOf(x) != 0)
    return fail(ErrorCode::ShapeMismatch, "normalisation of ", x, " in ", groups,
                " groups: expected N,C,… with C a multiple of the groups");
  const DataType type = inputs[0].type;
  for (const TensorType& input : inputs)
    if ((type != DataType::Float32 && type != DataType::Float64) || input.type != type)
      return fail(ErrorCode::Unsupported, "normalisation of ", type, " with ", input.type,
                  " (float32 and float64 are supported, of one type)");
  for (const TensorType& parameter : inputs.subspan(1))
    if (parameter.shape != inputs[1].shape ||
        (parameter.shape != Shape{x[1]} && parameter.shape != Shape{groupsOf(x)}))
      return fail(ErrorCode::ShapeMismatch, "normalisation of ", x, " in ", groups,
                  " groups with parameters of ", parameter.shape);
  return TensorTypes{inputs[0]};
}

std::optional<DataAxes> GroupNormalization::dataAxes(const DataInputs& in) const {
  return axesOfInput(in, ~2U);
}

}  // namespace minnow::ops
