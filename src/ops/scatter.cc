// ScatterElements and ScatterND: shape rules.
#include "ops/scatter.h"

#include "ops/data_axes.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeScatterElements() { return std::make_unique<ScatterElements>(); }
std::unique_ptr<Operator> makeScatterNd() { return std::make_unique<ScatterNd>(); }

namespace {
Result<void> expectScatter(std::span<const TensorType> inputs, ScatterReduction reduction) {
  if (auto ok = expectMovable(inputs, 3, 3); !ok) return ok;
  if (auto ok = expectIndices(inputs[1]); !ok) return ok;
  if (inputs[2].type != inputs[0].type)
    return fail(ErrorCode::ShapeMismatch, "updates of ", inputs[2].type, " for data of ",
                inputs[0].type);
  const bool arithmetic = inputs[0].type != DataType::Float16 && inputs[0].type != DataType::Bool;
  if (reduction != ScatterReduction::None && !arithmetic)
    return fail(ErrorCode::Unsupported, "a reduction of ", inputs[0].type);
  return {};
}
}  // namespace

Result<std::vector<TensorType>> ScatterElements::inferShape(
    std::span<const TensorType> inputs) const {
  if (auto ok = expectScatter(inputs, reduction); !ok) return std::unexpected(ok.error());
  const Shape &x = inputs[0].shape, &indices = inputs[1].shape;
  const auto along = normaliseAxis(axis, x.rank());
  if (!along) return std::unexpected(along.error());
  bool fits = indices.rank() == x.rank() && inputs[2].shape == indices;
  for (int i = 0; fits && i < x.rank(); ++i) fits = i == *along || indices[i] <= x[i];
  if (!fits)
    return fail(ErrorCode::ShapeMismatch, "indices ", indices, " and updates ", inputs[2].shape,
                " for data ", x);
  return oneOutput(inputs[0].type, x);
}

Result<std::vector<TensorType>> ScatterNd::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectScatter(inputs, reduction); !ok) return std::unexpected(ok.error());
  const Shape &x = inputs[0].shape, &indices = inputs[1].shape, &updates = inputs[2].shape;
  const int lead = indices.rank() - 1;
  if (lead < 0 || indices[lead] > x.rank())
    return fail(ErrorCode::ShapeMismatch, "indices ", indices, " for data ", x);
  const auto depth = static_cast<int>(indices[lead]);
  bool fits = updates.rank() == lead + x.rank() - depth;
  for (int i = 0; fits && i < updates.rank(); ++i)
    fits = updates[i] == (i < lead ? indices[i] : x[i - lead + depth]);
  if (!fits)
    return fail(ErrorCode::ShapeMismatch, "indices ", indices, " and updates ", updates,
                " for data ", x);
  return oneOutput(inputs[0].type, x);
}

std::optional<DataAxes> ScatterElements::dataAxes(const DataInputs& in) const {
  const auto along = normaliseAxis(axis, in.shape(0).rank());
  if (in.axes(1) != in.axes(2)) return std::nullopt;
  for (int i = 0; i < kMaxRank; ++i)
    if (i != *along && in.at(0, i) != 0 && in.at(1, i) != in.at(0, i)) return std::nullopt;
  return in.axes(0);
}

std::optional<DataAxes> ScatterNd::dataAxes(const DataInputs& in) const {
  const int lead = in.shape(1).rank() - 1;
  const auto depth = static_cast<int>(in.shape(1)[lead]);
  if (in.at(1, lead) != 0) return std::nullopt;
  for (int i = 0; i < in.shape(2).rank(); ++i)
    if (in.at(2, i) != (i < lead ? in.at(1, i) : in.at(0, i - lead + depth))) return std::nullopt;
  return in.axes(0);
}

}  // namespace minnow::ops
