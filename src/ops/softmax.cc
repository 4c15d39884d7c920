// Softmax and its kin: types and shapes.
#include "ops/softmax.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeSoftmax() { return std::make_unique<Softmax>(); }

std::string Softmax::name() const {
  static constexpr const char* kNames[] = {"Softmax", "LogSoftmax", "Hardmax"};
  return fn < SoftmaxFn::kCount ? kNames[static_cast<int>(fn)] : "?";
}

Result<TensorTypes> Softmax::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return std::unexpected(ok.error());
  if (inputs[0].type != DataType::Float32 && inputs[0].type != DataType::Float64)
    return fail(ErrorCode::Unsupported, name(), " of ", inputs[0].type,
                " (float32 and float64 are supported)");
  const int rank = inputs[0].shape.rank();
  if (axis < 0 || axis >= rank)
    return fail(ErrorCode::ShapeMismatch, name(), ": axis ", axis, " is outside a tensor of rank ",
                rank);
  return TensorTypes{inputs[0]};
}

std::optional<Rows> Softmax::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                      std::span<const TensorType> outputs) const {
  return rowsUnlessMixed(output, mask(outputs[0].shape.rank()));
}

std::optional<DataAxes> Softmax::dataAxes(const DataInputs& in) const { return axesOfInput(in); }

}  // namespace minnow::ops
