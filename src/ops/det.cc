// Det: types, shapes and cost.
#include "ops/det.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeDet() { return std::make_unique<Det>(); }

Result<TensorTypes> Det::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  const auto& [type, shape] = inputs[0];
  if (type != DataType::Float32 && type != DataType::Float64)
    return fail(ErrorCode::Unsupported, "Det of ", type, " (float32 and float64 are supported)");
  const int batch = shape.rank() - 2;
  if (batch < 0 || shape[batch] != shape[batch + 1])
    return fail(ErrorCode::ShapeMismatch, "Det of ", shape, ", expected square matrices");
  return TensorTypes{TensorType{type, Shape(shape.dims().first(static_cast<size_t>(batch)))}};
}

int64_t Det::multiplyAdds(std::span<const TensorType> inputs, std::span<const TensorType>) const {
  const Shape& shape = inputs[0].shape;
  return cappedProduct(shape.elements(), shape[shape.rank() - 1]) / 3;
}

std::optional<DataAxes> Det::dataAxes(const DataInputs& in) const {
  return axesOfInput(in, (1U << (in.shape(0).rank() - 2)) - 1);
}

std::optional<Rows> Det::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                  std::span<const TensorType>) const {
  return sameRows(output, output.axis);
}

}  // namespace minnow::ops
