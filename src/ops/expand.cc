// Expand and Tile: shape rules.
#include "ops/expand.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeExpand() { return std::make_unique<Expand>(); }
std::unique_ptr<Operator> makeTile() { return std::make_unique<Tile>(); }

Result<TensorTypes> Expand::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
  if (shape.size() > kMaxRank)
    return fail(ErrorCode::Unsupported, "a shape of ", shape.size(), " axes (at most ", kMaxRank,
                ")");
  const auto y = broadcastShapes(inputs[0].shape, Shape(std::span(shape)));
  if (!y) return passOn(y);
  return oneOutput(inputs[0].type, *y);
}

Result<TensorTypes> Tile::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
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

namespace {
/// The input and `shape` as operands that broadcast.
struct Joined {
  Joined(const Expand& op, const DataInputs& in)
      : types{in.types()[0], {in.types()[0].type, Shape(std::span(op.shape))}},
        axes{in.axes(0), DataAxes{}},
        inputs(in.with(types, axes)) {
    for (size_t i = 0; i < op.shape.size(); ++i)
      if (in.least("shape", i, op.shape[i]) != op.shape[i]) axes[1][i] = in.fresh();
  }
  std::array<TensorType, 2> types;
  std::array<DataAxes, 2> axes;
  DataInputs inputs;
};
}  // namespace

std::optional<DataAxes> Expand::dataAxes(const DataInputs& in) const {
  return axesBroadcast(Joined(*this, in).inputs, 2);
}

Result<TensorTypes> Expand::largestOutputs(const DataInputs& in) const {
  if (shape.size() > kMaxRank || in.count() != 1) return inferShape(in.types());
  const auto types = fittedToBroadcast(Joined(*this, in).inputs, 2);
  Expand fitted;
  fitted.shape.assign(types[1].shape.begin(), types[1].shape.end());
  return fitted.inferShape(std::span(types).first(1));
}

std::optional<DataAxes> Tile::dataAxes(const DataInputs& in) const {
  DataAxes axes = in.axes(0);
  for (int i = 0; i < in.shape(0).rank(); ++i)
    if (in.least("repeats", i, repeats[i]) != repeats[i] || (axes[i] != 0 && repeats[i] != 1))
      axes[i] = in.fresh();
  return axes;
}

bool Tile::isIdentity(std::span<const TensorType>) const { return allAre(repeats, 1); }

}  // namespace minnow::ops
