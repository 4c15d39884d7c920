// BatchNormalization: types and shapes.
#include "ops/batch_normalization.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeBatchNormalization() {
  return std::make_unique<BatchNormalization>();
}

Result<std::vector<TensorType>> BatchNormalization::inferShape(
    std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 5, 5); !ok) return std::unexpected(ok.error());
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
  return std::vector{inputs[0]};
}

}  // namespace minnow::ops
