// Concat: shape rule.
#include "ops/concat.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeConcat() { return std::make_unique<Concat>(); }

Result<std::vector<TensorType>> Concat::inferShape(std::span<const TensorType> inputs) const {
  if (inputs.empty()) return fail(ErrorCode::BadModel, "no inputs");
  if (auto ok = expectMovable(inputs, inputs.size(), inputs.size()); !ok)
    return std::unexpected(ok.error());
  Shape y = inputs[0].shape;
  const auto along = normaliseAxis(axis, y.rank());
  if (!along) return std::unexpected(along.error());
  for (const TensorType& input : inputs.subspan(1)) {
    if (input.type != inputs[0].type || input.shape.rank() != y.rank())
      return fail(ErrorCode::ShapeMismatch, "cannot join ", inputs[0].type, " ", inputs[0].shape,
                  " and ", input.type, " ", input.shape);
    for (int i = 0; i < y.rank(); ++i)
      if (i != *along && input.shape[i] != y[i])
        return fail(ErrorCode::ShapeMismatch, "cannot join ", inputs[0].shape, " and ", input.shape,
                    " along axis ", *along);
    y[*along] += input.shape[*along];
    if (auto ok = checkShape(y); !ok) return std::unexpected(ok.error());
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

std::optional<DataAxes> Concat::dataAxes(const DataInputs& in) const {
  const auto along = normaliseAxis(axis, in.shape(0).rank());
  DataAxes axes = in.axes(0);
  for (size_t i = 1; i < in.count(); ++i)
    for (int a = 0; a < kMaxRank; ++a) {
      if (a != *along && in.at(i, a) != axes[a]) return std::nullopt;
      if (a == *along && (axes[a] != 0 || in.at(i, a) != 0)) axes[a] = in.fresh();
    }
  return axes;
}

}  // namespace minnow::ops
