// Softmax and its kin: types and shapes.
#include "ops/softmax.h"

#include "ops/bytes.h"
#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeSoftmax() { return std::make_unique<Softmax>(); }

std::string Softmax::name() const {
  static constexpr const char* kNames[] = {"Softmax", "LogSoftmax", "Hardmax"};
  return fn < SoftmaxFn::kCount ? kNames[static_cast<int>(fn)] : "?";
}

namespace {

/// The type of results of 8 bits.
Result<DataType> byteResults(const Softmax& op, std::span<const TensorType> inputs) {
  if (auto ok = expectInputs(inputs, 3, 4); !ok) return passOn(ok);
  const bool isOrt = inputs[1].type == DataType::Float32;
  const Shape& rule = inputs[1].shape;
  const bool isRule =
      isOrt ? rule.elements() == 1 && present(inputs, 3) && inputs[3].type == DataType::Float32 &&
                  inputs[3].shape.elements() == 1
            : inputs[1].type == DataType::Int32 && rule == Shape{256} && !present(inputs, 3);
  if (!isRule || !isByte(inputs[2].type) || inputs[2].shape.elements() != 1)
    return fail(ErrorCode::ShapeMismatch, "expected a scale or a table, a zero point of 8 bits");
  if (op.fn != SoftmaxFn::Softmax || (op.trailing && op.axis + 1 != inputs[0].shape.rank()))
    return fail(ErrorCode::Unsupported, op.name(), " of 8 bits along several axes");
  return inputs[2].type;
}

}  // namespace

Result<TensorTypes> Softmax::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 4); !ok) return passOn(ok);
  const bool isReal = inputs[0].type == DataType::Float32 || inputs[0].type == DataType::Float64;
  if (!isReal && !isByte(inputs[0].type))
    return fail(ErrorCode::Unsupported, name(), " of ", inputs[0].type,
                " (float32, float64, uint8 and int8 are supported)");
  const Result<DataType> type = isReal ? inputs[0].type : byteResults(*this, inputs);
  if (!type) return passOn(type);
  if (auto ok = expectInputs(inputs, 1, isReal ? 1 : 4); !ok) return passOn(ok);
  const int rank = inputs[0].shape.rank();
  if (axis < 0 || axis >= rank)
    return fail(ErrorCode::ShapeMismatch, name(), ": axis ", axis, " is outside a tensor of rank ",
                rank);
  return TensorTypes{TensorType{*type, inputs[0].shape}};
}

std::optional<Rows> Softmax::rowsRead(int index, const Rows& output, std::span<const TensorType>,
                                      std::span<const TensorType> outputs) const {
  if (index > 0) return kAllRows;
  return rowsUnlessMixed(output, mask(outputs[0].shape.rank()));
}

std::optional<DataAxes> Softmax::dataAxes(const DataInputs& in) const { return axesOfInput(in); }

}  // namespace minnow::ops
