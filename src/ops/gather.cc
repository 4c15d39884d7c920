// Gather, GatherElements, GatherND: shape rules.
#include "ops/gather.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeGather() { return std::make_unique<Gather>(); }
std::unique_ptr<Operator> makeGatherElements() { return std::make_unique<GatherElements>(); }
std::unique_ptr<Operator> makeGatherNd() { return std::make_unique<GatherNd>(); }

Result<void> expectIndices(const TensorType& indices) {
  if (indices.type != DataType::Int64 && indices.type != DataType::Int32)
    return fail(ErrorCode::Unsupported, "indices of ", indices.type,
                " (int32 and int64 are supported)");
  return {};
}

namespace {
Result<void> expectDataAndIndices(std::span<const TensorType> inputs) {
  if (auto ok = expectMovable(inputs, 2, 2); !ok) return ok;
  return expectIndices(inputs[1]);
}
}  // namespace

Result<TensorTypes> Gather::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectDataAndIndices(inputs); !ok) return passOn(ok);
  const Shape &x = inputs[0].shape, &indices = inputs[1].shape;
  const auto along = normaliseAxis(axis, x.rank());
  if (!along) return passOn(along);
  if (x.rank() - 1 + indices.rank() > kMaxRank)
    return fail(ErrorCode::Unsupported, "more than ", kMaxRank, " axes");
  Shape y;
  for (int i = 0; i < *along; ++i) y.push_back(x[i]);
  for (int64_t extent : indices.dims()) y.push_back(extent);
  for (int i = *along + 1; i < x.rank(); ++i) y.push_back(x[i]);
  return oneOutput(inputs[0].type, y);
}

Result<TensorTypes> GatherElements::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectDataAndIndices(inputs); !ok) return passOn(ok);
  const Shape &x = inputs[0].shape, &indices = inputs[1].shape;
  const auto along = normaliseAxis(axis, x.rank());
  if (!along) return passOn(along);
  if (indices.rank() != x.rank())
    return fail(ErrorCode::ShapeMismatch, "indices ", indices, " for data ", x);
  for (int i = 0; i < x.rank(); ++i)
    if (i != *along && indices[i] > x[i])
      return fail(ErrorCode::ShapeMismatch, "indices ", indices, " for data ", x);
  return oneOutput(inputs[0].type, indices);
}

Result<TensorTypes> GatherNd::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectDataAndIndices(inputs); !ok) return passOn(ok);
  const Shape &x = inputs[0].shape, &indices = inputs[1].shape;
  if (indices.rank() < 1 || x.rank() < 1 || batchAxes < 0 ||
      batchAxes >= std::min(x.rank(), indices.rank()))
    return fail(ErrorCode::ShapeMismatch, "indices ", indices, " for data ", x, " with ", batchAxes,
                " batch axes");
  const int64_t depth = indices[indices.rank() - 1];
  if (depth > x.rank() - batchAxes)
    return fail(ErrorCode::ShapeMismatch, "indices of ", depth, " coordinates for data ", x);
  for (int i = 0; i < batchAxes; ++i)
    if (x[i] != indices[i])
      return fail(ErrorCode::ShapeMismatch, "batch axis ", i, " of ", x, " and ", indices);
  if (indices.rank() - 1 + x.rank() - batchAxes - depth > kMaxRank)
    return fail(ErrorCode::Unsupported, "more than ", kMaxRank, " axes");
  Shape y;
  for (int i = 0; i + 1 < indices.rank(); ++i) y.push_back(indices[i]);
  for (auto i = static_cast<int>(batchAxes + depth); i < x.rank(); ++i) y.push_back(x[i]);
  return oneOutput(inputs[0].type, y);
}

std::optional<Rows> Gather::rowsRead(int index, const Rows& output,
                                     std::span<const TensorType> inputs,
                                     std::span<const TensorType>) const {
  const auto along = normaliseAxis(axis, inputs[0].shape.rank());
  const int indexed = inputs[1].shape.rank();
  const bool ofIndices = output.axis >= *along && output.axis < *along + indexed;
  if (index == 1) return ofIndices ? sameRows(output, output.axis - *along) : kAllRows;
  if (ofIndices) return kAllRows;
  return sameRows(output, output.axis < *along ? output.axis : output.axis - indexed + 1);
}

std::optional<DataAxes> Gather::dataAxes(const DataInputs& in) const {
  const int rank = in.shape(0).rank(), indexed = in.shape(1).rank();
  const auto along = normaliseAxis(axis, rank);
  DataAxes axes{};
  for (int i = 0; i < *along; ++i) axes[i] = in.at(0, i);
  for (int i = 0; i < indexed; ++i) axes[*along + i] = in.at(1, i);
  for (int i = *along + 1; i < rank; ++i) axes[i + indexed - 1] = in.at(0, i);
  return axes;
}

std::optional<DataAxes> GatherElements::dataAxes(const DataInputs& in) const { return in.axes(1); }

/// Along other axes there are no more indices than data.
Result<TensorTypes> GatherElements::largestOutputs(const DataInputs& in) const {
  std::vector<TensorType> types(in.types().begin(), in.types().end());
  if (types.size() != 2 || types[0].shape.rank() != types[1].shape.rank()) return inferShape(types);
  const auto along = normaliseAxis(axis, types[0].shape.rank());
  for (int i = 0; i < types[0].shape.rank(); ++i)
    if (along && i != *along && in.at(1, i) != 0)
      types[1].shape[i] = std::min(types[1].shape[i], types[0].shape[i]);
  return inferShape(types);
}

std::optional<DataAxes> GatherNd::dataAxes(const DataInputs& in) const {
  const int lead = in.shape(1).rank() - 1;
  const auto read = static_cast<int>(batchAxes + in.shape(1)[lead]);
  if (in.at(1, lead) != 0) return std::nullopt;
  DataAxes axes{};
  for (int i = 0; i < lead; ++i) {
    if (i < batchAxes && in.at(0, i) != in.at(1, i)) return std::nullopt;
    axes[i] = in.at(1, i);
  }
  for (int i = read; i < in.shape(0).rank(); ++i) axes[lead + i - read] = in.at(0, i);
  return axes;
}

}  // namespace minnow::ops
