// Quantisation: validation and shape rules.
#include "ops/quantize.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {
namespace {

bool isReal(DataType type) { return type == DataType::Float32 || type == DataType::Float16; }

bool isQuantized(DataType type) {
  return type == DataType::Uint8 || type == DataType::Int8 || type == DataType::Uint16 ||
         type == DataType::Int16;
}

DataType typeFrom(int64_t number) {
  return number >= 0 && number <= 255 ? static_cast<DataType>(number) : DataType::Undefined;
}

}  // namespace

std::unique_ptr<Operator> makeQuantizeLinear() { return std::make_unique<QuantizeLinear>(); }
std::unique_ptr<Operator> makeDequantizeLinear() { return std::make_unique<DequantizeLinear>(); }
std::unique_ptr<Operator> makeDynamicQuantizeLinear() {
  return std::make_unique<DynamicQuantizeLinear>();
}
std::unique_ptr<Operator> makeRequantize() { return std::make_unique<Requantize>(); }

Result<void> ScaleSpread::check(const Shape& x, const Shape& scale) const {
  if (auto ok = checkShape(scale); !ok) return ok;
  if (scale.elements() == 1 && scale.rank() <= 1) return {};
  const auto at = normaliseAxis(axis, x.rank());
  if (!at) return passOn(at);
  if (scale.rank() == 1 && scale[0] == x[*at]) return {};
  bool fits = blockSize > 0 && blockSize <= kMaxExtent && scale.rank() == x.rank();
  for (int i = 0; i < x.rank() && fits; ++i)
    fits = scale[i] == (i == *at ? (x[i] + blockSize - 1) / blockSize : x[i]);
  if (fits) return {};
  return fail(ErrorCode::ShapeMismatch, "quantisation of ", x, " along axis ", axis,
              " by scales or zero points of ", scale);
}

std::optional<DataAxes> ScaleSpread::dataAxes(const DataInputs& in) const {
  uint32_t mask = ~0U;
  for (size_t i = 1; i < in.count(); ++i) {
    const Shape& scale = in.shape(i);
    if (scale.rank() > 1) return std::nullopt;  // in blocks
    if (scale.elements() != 1) mask &= ~(1U << *normaliseAxis(axis, in.shape(0).rank()));
  }
  return axesOfInput(in, mask);
}

std::optional<Rows> ScaleSpread::rowsRead(int index, const Rows& output,
                                          std::span<const TensorType> inputs) {
  for (size_t i = 1; i < inputs.size(); ++i)
    if (present(inputs, i) && inputs[i].shape.elements() != 1) return std::nullopt;
  return index == 0 ? sameRows(output, output.axis) : kAllRows;
}

Result<TensorTypes> QuantizeLinear::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 3); !ok) return passOn(ok);
  const DataType from = inputs[0].type, to = typeFrom(type);
  if ((!isReal(from) && from != DataType::Int32) || !isReal(inputs[1].type) || !isQuantized(to))
    return fail(ErrorCode::Unsupported, "quantisation of ", from, " by ", inputs[1].type, " to ",
                to);
  if (present(inputs, 2) && inputs[2].type != to)
    return fail(ErrorCode::ShapeMismatch, "quantisation to ", to, " with a zero point of ",
                inputs[2].type);
  for (size_t i = 1; i < inputs.size(); ++i)
    if (present(inputs, i))
      if (auto ok = spread.check(inputs[0].shape, inputs[i].shape); !ok) return passOn(ok);
  return TensorTypes{TensorType{to, inputs[0].shape}};
}

Result<TensorTypes> DequantizeLinear::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 3); !ok) return passOn(ok);
  const DataType from = inputs[0].type;
  if ((!isQuantized(from) && from != DataType::Int32) || !isReal(inputs[1].type))
    return fail(ErrorCode::Unsupported, "dequantisation of ", from, " by ", inputs[1].type);
  if (present(inputs, 2) && inputs[2].type != from)
    return fail(ErrorCode::ShapeMismatch, "dequantisation of ", from, " with a zero point of ",
                inputs[2].type);
  for (size_t i = 1; i < inputs.size(); ++i)
    if (present(inputs, i))
      if (auto ok = spread.check(inputs[0].shape, inputs[i].shape); !ok) return passOn(ok);
  return TensorTypes{TensorType{inputs[1].type, inputs[0].shape}};
}

Result<TensorTypes> DynamicQuantizeLinear::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  if (inputs[0].type != DataType::Float32)
    return fail(ErrorCode::Unsupported, "dynamic quantisation of ", inputs[0].type);
  return TensorTypes{TensorType{DataType::Uint8, inputs[0].shape},
                     TensorType{DataType::Float32, Shape{}}, TensorType{DataType::Uint8, Shape{}}};
}

Result<TensorTypes> Requantize::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 4, 5); !ok) return passOn(ok);
  const DataType to = typeFrom(type);
  if (inputs[0].type != DataType::Int32 || (to != DataType::Uint8 && to != DataType::Int8))
    return fail(ErrorCode::Unsupported, "requantisation of ", inputs[0].type, " to ", to);
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (!present(inputs, i)) continue;
    if (i < 4 ? !isReal(inputs[i].type) : inputs[i].type != to)
      return fail(ErrorCode::ShapeMismatch, "requantisation: input ", i, " is of ", inputs[i].type);
    const auto shape = broadcastShapes(inputs[0].shape, inputs[i].shape);
    if (!shape || *shape != inputs[0].shape)
      return fail(ErrorCode::ShapeMismatch, "requantisation of ", inputs[0].shape, " by ",
                  inputs[i].shape);
  }
  return TensorTypes{TensorType{to, inputs[0].shape}};
}

std::optional<DataAxes> QuantizeLinear::dataAxes(const DataInputs& in) const {
  return spread.dataAxes(in);
}

std::optional<DataAxes> DequantizeLinear::dataAxes(const DataInputs& in) const {
  return spread.dataAxes(in);
}

std::optional<Rows> QuantizeLinear::rowsRead(int index, const Rows& output,
                                             std::span<const TensorType> inputs,
                                             std::span<const TensorType>) const {
  return ScaleSpread::rowsRead(index, output, inputs);
}

std::optional<Rows> DequantizeLinear::rowsRead(int index, const Rows& output,
                                               std::span<const TensorType> inputs,
                                               std::span<const TensorType>) const {
  return ScaleSpread::rowsRead(index, output, inputs);
}

std::optional<DataAxes> Requantize::dataAxes(const DataInputs& in) const {
  const auto joined = axesBroadcast(in, in.count());
  return joined == in.axes(0) ? std::optional(joined) : std::nullopt;
}

}  // namespace minnow::ops
