// CumSum: types and shapes.
#include "ops/cum_sum.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeCumSum() { return std::make_unique<CumSum>(); }

Result<TensorTypes> CumSum::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  const TensorType& x = inputs[0];
  if (x.type != DataType::Float32 && x.type != DataType::Float64 && x.type != DataType::Int32 &&
      x.type != DataType::Int64)
    return fail(ErrorCode::Unsupported, "CumSum of ", x.type);
  if (axis < 0 || axis >= x.shape.rank())
    return fail(ErrorCode::ShapeMismatch, "CumSum: axis ", axis, " is outside a tensor of rank ",
                x.shape.rank());
  return TensorTypes{x};
}

std::optional<Rows> CumSum::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                     std::span<const TensorType>) const {
  return rowsUnlessMixed(output, 1u << axis);
}

std::optional<DataAxes> CumSum::dataAxes(const DataInputs& in) const { return axesOfInput(in); }

}  // namespace minnow::ops
