// ArgMax and ArgMin: types and shapes.
#include "ops/arg_reduce.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeArgReduce() { return std::make_unique<ArgReduce>(); }

Result<TensorTypes> ArgReduce::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  switch (inputs[0].type) {
    case DataType::Float32:
    case DataType::Float64:
    case DataType::Int32:
    case DataType::Int64:
    case DataType::Uint8:
    case DataType::Int8:
      break;
    default:
      return fail(ErrorCode::Unsupported, name(), " of ", inputs[0].type);
  }
  const Shape& x = inputs[0].shape;
  if (axis < 0 || axis >= x.rank())
    return fail(ErrorCode::ShapeMismatch, name(), ": axis ", axis, " is outside a tensor of rank ",
                x.rank());
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) y.push_back(x[i]);
    if (i == axis && keepDims) y.push_back(1);
  }
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  if (x[static_cast<int>(axis)] == 0 && y.elements() > 0)
    return fail(ErrorCode::ShapeMismatch, name(), " over an empty axis of ", x);
  return TensorTypes{TensorType{DataType::Int64, y}};
}

std::optional<Rows> ArgReduce::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                        std::span<const TensorType>) const {
  return rowsReduced(output, 1u << axis, keepDims);
}

/// Nothing is greatest of nothing: then the run fails.
std::optional<DataAxes> ArgReduce::dataAxes(const DataInputs& in) const {
  DataAxes left{};
  int next = 0;
  for (int i = 0; i < in.shape(0).rank(); ++i)
    if (i != axis || keepDims) left[next++] = i == axis ? 0 : in.at(0, i);
  return left;
}

}  // namespace minnow::ops
