// OneHot, Trilu, ReverseSequence: shape rules.
#include "ops/index_fill.h"

#include "ops/data_axes.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeOneHot() { return std::make_unique<OneHot>(); }
std::unique_ptr<Operator> makeTrilu() { return std::make_unique<Trilu>(); }
std::unique_ptr<Operator> makeReverseSequence() { return std::make_unique<ReverseSequence>(); }

Result<TensorTypes> OneHot::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 2, 2); !ok) return passOn(ok);
  const Shape& indices = inputs[0].shape;
  if (inputs[0].type == DataType::Float16)
    return fail(ErrorCode::Unsupported, "indices of ", inputs[0].type);
  if (elementSize(inputs[1].type) == 0 || inputs[1].shape != Shape{2})
    return fail(ErrorCode::ShapeMismatch, "values are ", inputs[1].type, " ", inputs[1].shape,
                ", expected two: off and on");
  if (indices.rank() >= kMaxRank)
    return fail(ErrorCode::Unsupported, "more than ", kMaxRank, " axes");
  const auto added = normaliseAxis(axis, indices.rank() + 1);
  if (!added) return passOn(added);
  if (depth < 0) return fail(ErrorCode::BadModel, "a depth of ", depth);
  Shape y;
  for (int i = 0; i <= indices.rank(); ++i)
    y.push_back(i == *added ? depth : indices[i < *added ? i : i - 1]);
  return oneOutput(inputs[1].type, y);
}

Result<TensorTypes> Trilu::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
  if (inputs[0].shape.rank() < 2)
    return fail(ErrorCode::ShapeMismatch, "expected matrices, found ", inputs[0].shape);
  return TensorTypes{inputs[0]};
}

Result<TensorTypes> ReverseSequence::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 2, 2); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  const auto batch = normaliseAxis(batchAxis, x.rank()), time = normaliseAxis(timeAxis, x.rank());
  if (!batch || !time || *batch == *time)
    return fail(ErrorCode::BadModel, "batch axis ", batchAxis, " and time axis ", timeAxis, " of ",
                x);
  if (inputs[1].type != DataType::Int64 || inputs[1].shape != Shape{x[*batch]})
    return fail(ErrorCode::ShapeMismatch, "lengths are ", inputs[1].type, " ", inputs[1].shape,
                ", expected int64 ", x[*batch]);
  return TensorTypes{inputs[0]};
}

std::optional<DataAxes> Trilu::dataAxes(const DataInputs& in) const { return axesOfInput(in); }

std::optional<DataAxes> OneHot::dataAxes(const DataInputs& in) const {
  const int rank = in.shape(0).rank();
  const auto added = normaliseAxis(axis, rank + 1);
  if (!in.knownFrom(1)) return std::nullopt;
  DataAxes axes{};
  for (int i = 0; i < rank; ++i) axes[i < *added ? i : i + 1] = in.at(0, i);
  if (in.least("depth", 0, depth) != depth) axes[*added] = in.fresh();
  return axes;
}

}  // namespace minnow::ops
