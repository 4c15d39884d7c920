// BatchNormalization: types and shapes.
#include "ops/batch_normalization.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeBatchNormalization() {
  return std::make_unique<BatchNormalization>();
}

Result<TensorTypes> BatchNormalization::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 5, 5); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  if (x.rank() < 2)
    return fail(ErrorCode::ShapeMismatch, "batch normalisation of ", x, ": expected N,C,…");
  const Shape channels{x[1]};
  const Shape features(x.dims().subspan(1));
  for (const TensorType& input : inputs)
    if (input.type != DataType::Float32)
      return fail(ErrorCode::Unsupported, "batch normalisation of ", input.type,
                  " (float32 is supported)");
  for (const TensorType& parameter : inputs.subspan(1))
    if (parameter.shape != inputs[1].shape ||
        (parameter.shape != channels && parameter.shape != features))
      return fail(ErrorCode::ShapeMismatch, "batch normalisation of ", x, " with parameters of ",
                  parameter.shape, ", expected ", channels);
  return TensorTypes{inputs[0]};
}

std::optional<Rows> BatchNormalization::rowsRead(int index, const Rows& output,
                                                 std::span<const TensorType> inputs,
                                                 std::span<const TensorType>) const {
  if (index == 0) return output;
  const int axis = output.axis - 1;  // parameters have no N
  if (axis < 0 || axis >= inputs[index].shape.rank()) return kAllRows;
  return sameRows(output, axis);
}

std::optional<DataAxes> BatchNormalization::dataAxes(const DataInputs& in) const {
  // Parameters a feature have all axes but N.
  return axesOfInput(in, in.shape(1).rank() == 1 ? ~2U : 1U);
}

}  // namespace minnow::ops
