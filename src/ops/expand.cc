// Expand and Tile: shape rules.
#include "ops/expand.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeExpand() { return std::make_unique<Expand>(); }
std::unique_ptr<Operator> makeTile() { return std::make_unique<Tile>(); }

Result<std::vector<TensorType>> Expand::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return std::unexpected(ok.error());
  if (shape.size() > kMaxRank)
    return fail(ErrorCode::Unsupported, "a shape of ", shape.size(), " axes (at most ", kMaxRank,
                ")");
  const auto y = broadcastShapes(inputs[0].shape, Shape(std::span(shape)));
  if (!y) return std::unexpected(y.error());
  return oneOutput(inputs[0].type, *y);
}

Result<std::vector<TensorType>> Tile::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return std::unexpected(ok.error());
  Shape y = inputs[0].shape;
  if (repeats.size() != static_cast<size_t>(y.rank()))
    return fail(ErrorCode::BadModel, "expected ", y.rank(), " repeats, found ", repeats.size());
  for (int i = 0; i < y.rank(); ++i) {
    if (repeats[i] < 0 || repeats[i] > kMaxExtent || y[i] > kMaxExtent)
      return fail(ErrorCode::BadModel, "repeats of axis ", i, " are out of range");
    y[i] *= repeats[i];
  }
  return oneOutput(inputs[0].type, y);
}

std::optional<Storage> Expand::viewOf(const Shape& inputShape, const Storage& input, int) const {
  const auto y = broadcastShapes(inputShape, Shape(std::span(shape)));
  return y && *y == inputShape ? std::optional(input) : std::nullopt;
}

std::optional<Storage> Tile::viewOf(const Shape&, const Storage& input, int) const {
  const bool once = std::ranges::all_of(repeats, [](int64_t times) { return times == 1; });
  return once ? std::optional(input) : std::nullopt;
}

std::optional<Rows> Expand::rowsRead(int, const Rows& output, std::span<const TensorType> inputs,
                                     std::span<const TensorType> outputs) const {
  return rowsBroadcast(output, inputs[0].shape, outputs[0].shape);
}

std::optional<Rows> Tile::rowsRead(int, const Rows& output, std::span<const TensorType> inputs,
                                   std::span<const TensorType> outputs) const {
  if (repeats[output.axis] != 1 && inputs[0].shape[output.axis] != 1) return std::nullopt;
  return rowsBroadcast(output, inputs[0].shape, outputs[0].shape);
}

std::optional<DataAxes> Expand::dataAxes(const DataInputs& in) const {
  const int rank = in.shape(0).rank(), wanted = static_cast<int>(shape.size());
  DataAxes axes{};
  for (int i = 0; i < rank; ++i) {
    const int named = i + wanted - rank;
    if (in.at(0, i) != 0 && named >= 0 && shape[named] != 1) return std::nullopt;
    axes[i + std::max(0, wanted - rank)] = in.at(0, i);
  }
  return axes;
}

std::optional<DataAxes> Tile::dataAxes(const DataInputs& in) const {
  DataAxes axes = in.axes(0);
  for (int i = 0; i < in.shape(0).rank(); ++i)
    if (axes[i] != 0 && repeats[i] != 1) axes[i] = in.fresh();
  return axes;
}

bool Tile::isIdentity(std::span<const TensorType>) const { return allAre(repeats, 1); }

}  // namespace minnow::ops
