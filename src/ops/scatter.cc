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

Result<TensorTypes> ScatterElements::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectScatter(inputs, reduction); !ok) return passOn(ok);
  const Shape &x = inputs[0].shape, &indices = inputs[1].shape;
  const auto along = normaliseAxis(axis, x.rank());
  if (!along) return passOn(along);
  bool fits = indices.rank() == x.rank() && inputs[2].shape == indices;
  for (int i = 0; fits && i < x.rank(); ++i) fits = i == *along || indices[i] <= x[i];
  if (!fits)
    return fail(ErrorCode::ShapeMismatch, "indices ", indices, " and updates ", inputs[2].shape,
                " for data ", x);
  return oneOutput(inputs[0].type, x);
}

Result<TensorTypes> ScatterNd::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectScatter(inputs, reduction); !ok) return passOn(ok);
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

namespace {
Trend trendOf(int index, ScatterReduction reduction) {
  return index == 1 || reduction == ScatterReduction::Mul ? Trend::Unknown : Trend::Rising;
}
}  // namespace

Trend ScatterElements::trend(int index) const { return trendOf(index, reduction); }
Trend ScatterNd::trend(int index) const { return trendOf(index, reduction); }

std::optional<DataAxes> ScatterElements::dataAxes(const DataInputs& in) const { return in.axes(0); }

/// There are as many updates as indices, and along other axes no more than data.
Result<TensorTypes> ScatterElements::largestOutputs(const DataInputs& in) const {
  if (in.count() != 3 || in.shape(1).rank() != in.shape(2).rank()) return inferShape(in.types());
  AlikeAxes alike(in);
  for (int i = 0; i < std::min(in.shape(0).rank(), in.shape(1).rank()); ++i) {
    alike.join(1, i, 2, i);
    if (alike.axes(1)[i] != 0)
      alike.shape(1)[i] = alike.shape(2)[i] = std::min(alike.shape(1)[i], in.shape(0)[i]);
  }
  return inferShape(alike.types());
}

namespace {
/// Updates have the indices' first axes and the data's last.
AlikeAxes alikeUpdates(const DataInputs& in, int lead, int depth) {
  AlikeAxes alike(in);
  for (int i = 0; i < in.shape(2).rank(); ++i)
    if (i < lead)
      alike.join(1, i, 2, i);
    else
      alike.join(0, i - lead + depth, 2, i);
  return alike;
}
}  // namespace

std::optional<DataAxes> ScatterNd::dataAxes(const DataInputs& in) const {
  const int lead = in.shape(1).rank() - 1;
  const auto depth = static_cast<int>(in.shape(1)[lead]);
  return in.at(1, lead) == 0 ? std::optional(alikeUpdates(in, lead, depth).axes(0)) : std::nullopt;
}

Result<TensorTypes> ScatterNd::largestOutputs(const DataInputs& in) const {
  const int lead = in.count() == 3 ? in.shape(1).rank() - 1 : -1;
  const int64_t depth = lead < 0 ? -1 : in.shape(1)[lead];
  const bool fits = depth >= 0 && depth <= in.shape(0).rank() &&
                    in.shape(2).rank() == lead + in.shape(0).rank() - depth;
  return inferShape(fits ? std::vector(alikeUpdates(in, lead, static_cast<int>(depth)).types())
                         : std::vector(in.types().begin(), in.types().end()));
}

}  // namespace minnow::ops
