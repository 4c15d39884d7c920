// Where: types and shapes.
#include "ops/where.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeWhere() { return std::make_unique<Where>(); }

Result<TensorTypes> Where::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 3, 3); !ok) return passOn(ok);
  if (inputs[0].type != DataType::Bool)
    return fail(ErrorCode::ShapeMismatch, "the condition is ", inputs[0].type, ", not bool");
  if (inputs[1].type != inputs[2].type || elementSize(inputs[1].type) == 0)
    return fail(ErrorCode::ShapeMismatch, "Where of two types, ", inputs[1].type, " and ",
                inputs[2].type);
  const auto values = broadcastShapes(inputs[1].shape, inputs[2].shape);
  if (!values) return passOn(values);
  const auto shape = broadcastShapes(inputs[0].shape, *values);
  if (!shape) return passOn(shape);
  if (auto ok = checkShape(*shape); !ok) return passOn(ok);
  return TensorTypes{TensorType{inputs[1].type, *shape}};
}

std::optional<Rows> Where::rowsRead(int index, const Rows& output,
                                    std::span<const TensorType> inputs,
                                    std::span<const TensorType> outputs) const {
  return rowsBroadcast(output, inputs[index].shape, outputs[0].shape);
}

std::optional<DataAxes> Where::dataAxes(const DataInputs& in) const { return axesBroadcast(in, 3); }

Result<TensorTypes> Where::largestOutputs(const DataInputs& in) const {
  return inferShape(fittedToBroadcast(in, 3));
}

}  // namespace minnow::ops
