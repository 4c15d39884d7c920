// MeanVarianceNormalization: types and shapes.
#include "ops/mean_variance_normalization.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

#include "ops/reduce.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeMeanVarianceNormalization() {
  return std::make_unique<MeanVarianceNormalization>();
}

Result<TensorTypes> MeanVarianceNormalization::inferShape(
    std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  if (inputs[0].type != DataType::Float32 && inputs[0].type != DataType::Float64)
    return fail(ErrorCode::Unsupported, name(), " of ", inputs[0].type,
                " (float32 and float64 are supported)");
  const auto mask = axisMask(axes, inputs[0].shape.rank());
  if (!mask) return passOn(mask);
  return TensorTypes{inputs[0]};
}

std::optional<Rows> MeanVarianceNormalization::rowsRead(int, const Rows& output,
                                                        std::span<const TensorType>,
                                                        std::span<const TensorType> outputs) const {
  const auto mixed = axisMask(axes, outputs[0].shape.rank());
  return rowsUnlessMixed(output, *mixed);
}

std::optional<DataAxes> MeanVarianceNormalization::dataAxes(const DataInputs& in) const {
  return axesOfInput(in);
}

}  // namespace minnow::ops
