// LayerNormalization: types and shapes.
#include "ops/layer_normalization.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeLayerNormalization() {
  return std::make_unique<LayerNormalization>();
}

std::string LayerNormalization::name() const {
  return centred ? "LayerNormalization" : "RMSNormalization";
}

Result<TensorTypes> LayerNormalization::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 3); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  if (axis < 0 || axis >= x.rank())
    return fail(ErrorCode::ShapeMismatch, name(), ": axis ", axis, " is outside a tensor of rank ",
                x.rank());
  const DataType type = inputs[0].type;
  for (const TensorType& input : inputs)
    if ((type != DataType::Float32 && type != DataType::Float64) ||
        (input.type != type && input.type != DataType::Undefined))
      return fail(ErrorCode::Unsupported, name(), " of ", type, " with ", input.type,
                  " (float32 and float64 are supported, of one type)");
  for (const TensorType& parameter : inputs.subspan(1)) {
    if (parameter.type == DataType::Undefined) continue;
    const auto joined = broadcastShapes(x, parameter.shape);
    if (!joined || *joined != x)
      return fail(ErrorCode::ShapeMismatch, name(), ": a parameter of ", parameter.shape,
                  " does not broadcast to ", x);
  }
  Shape statistics = x;
  for (int i = static_cast<int>(axis); i < x.rank(); ++i) statistics[i] = 1;
  if (auto ok = checkShape(statistics); !ok) return passOn(ok);
  if (x.elements() == 0 && statistics.elements() > 0)
    return fail(ErrorCode::ShapeMismatch, name(), " of nothing, ", x, " from axis ", axis, " on");
  const TensorType statistic{DataType::Float32, statistics};
  return TensorTypes{inputs[0], statistic, statistic};
}

std::optional<Rows> LayerNormalization::rowsRead(int index, const Rows& output,
                                                 std::span<const TensorType> inputs,
                                                 std::span<const TensorType> outputs) const {
  if (output.axis >= axis) return std::nullopt;
  return rowsBroadcast(output, inputs[index].shape, outputs[0].shape);
}

std::optional<DataAxes> LayerNormalization::dataAxes(const DataInputs& in) const {
  const auto joined = axesBroadcast(in, in.count());
  const bool fits = joined == in.axes(0);
  for (int i = static_cast<int>(axis); i < kMaxRank; ++i)
    if (in.at(0, i) != 0) return std::nullopt;
  return fits ? std::optional(joined) : std::nullopt;
}

}  // namespace minnow::ops
