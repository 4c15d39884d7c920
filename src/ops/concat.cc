// Concat: shape rule.
#include "ops/concat.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeConcat() { return std::make_unique<Concat>(); }

Result<TensorTypes> Concat::inferShape(std::span<const TensorType> inputs) const {
  if (inputs.empty()) return fail(ErrorCode::BadModel, "no inputs");
  if (auto ok = expectMovable(inputs, inputs.size(), inputs.size()); !ok) return passOn(ok);
  Shape y = inputs[0].shape;
  const auto along = normaliseAxis(axis, y.rank());
  if (!along) return passOn(along);
  for (const TensorType& input : inputs.subspan(1)) {
    if (input.type != inputs[0].type || input.shape.rank() != y.rank())
      return fail(ErrorCode::ShapeMismatch, "cannot join ", inputs[0].type, " ", inputs[0].shape,
                  " and ", input.type, " ", input.shape);
    for (int i = 0; i < y.rank(); ++i)
      if (i != *along && input.shape[i] != y[i])
        return fail(ErrorCode::ShapeMismatch, "cannot join ", inputs[0].shape, " and ", input.shape,
                    " along axis ", *along);
    y[*along] += input.shape[*along];
    if (auto ok = checkShape(y); !ok) return passOn(ok);
  }
  return oneOutput(inputs[0].type, y);
}

std::optional<int> Concat::joinsAlong(const Shape& output) const {
  const auto along = normaliseAxis(axis, output.rank());
  return along ? std::optional(*along) : std::nullopt;
}

std::optional<Rows> Concat::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                     std::span<const TensorType> outputs) const {
  const auto along = normaliseAxis(axis, outputs[0].shape.rank());
  return rowsUnlessMixed(output, 1u << *along);
}

namespace {
/// All axes but one are alike. Twice, because one that is known comes last perhaps.
AlikeAxes joined(const DataInputs& in, int along) {
  AlikeAxes alike(in);
  for (int round = 0; round < 2; ++round)
    for (size_t i = 1; i < in.count(); ++i)
      for (int axis = 0; axis < in.shape(0).rank(); ++axis)
        if (axis != along) alike.join(0, axis, i, axis);
  return alike;
}
}  // namespace

std::optional<DataAxes> Concat::dataAxes(const DataInputs& in) const {
  const int along = *normaliseAxis(axis, in.shape(0).rank());
  DataAxes axes = joined(in, along).axes(0);
  for (size_t i = 1; i < in.count(); ++i)
    if (axes[along] != 0 || in.at(i, along) != 0) axes[along] = in.fresh();
  return axes;
}

Result<TensorTypes> Concat::largestOutputs(const DataInputs& in) const {
  const int rank = in.shape(0).rank();
  const auto along = normaliseAxis(axis, rank);
  const bool fits = along && std::ranges::all_of(in.types(), [&](const TensorType& type) {
                      return type.shape.rank() == rank;
                    });
  return inferShape(fits ? std::vector(joined(in, *along).types())
                         : std::vector(in.types().begin(), in.types().end()));
}

}  // namespace minnow::ops
