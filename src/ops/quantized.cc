// Operators on quantised tensors: validation and shape rules, which are those of the float operators.
#include "ops/quantized.h"

#include "base/fail.h"
#include "ops/bytes.h"
#include "ops/conv.h"
#include "ops/data_axes.h"
#include "ops/matmul.h"
#include "ops/rows.h"

namespace minnow::ops {
namespace {

struct Range {
  int64_t low, high;
  bool holds(int64_t v) const { return v >= low && v <= high; }
};
Range rangeOf(DataType type) { return type == DataType::Int8 ? Range{-128, 127} : Range{0, 255}; }

/// Of an input of 8 bits and its zero point.
Result<void> checkByte(const TensorType& x, int64_t zero, const char* what) {
  if (!isByte(x.type))
    return fail(ErrorCode::Unsupported, what, " is of ", x.type, " (uint8 and int8 are supported)");
  if (!rangeOf(x.type).holds(zero))
    return fail(ErrorCode::BadModel, what, "'s zero point is ", zero, ", no ", x.type);
  return {};
}

/// What convolutions and products have in common.
template <class Product>
Result<void> checkProduct(const Product& op, std::span<const TensorType> inputs, const char* what) {
  if (auto ok = expectInputs(inputs, 2, 5); !ok) return ok;
  if (auto ok = checkByte(inputs[0], op.xZero, what); !ok) return ok;
  if (!rangeOf(DataType::Int8).holds(op.wZero))
    return fail(ErrorCode::BadModel, "the weights' zero point is ", op.wZero, ", no int8");
  if (present(inputs, 4) && (inputs[4].type != inputs[0].type || inputs[4].shape.elements() != 1))
    return fail(ErrorCode::ShapeMismatch, "the zero point is ", inputs[4].type, " ",
                inputs[4].shape, ", expected one ", inputs[0].type);
  return op.y.isReal() ? Result<void>{} : op.y.check();
}

/// Bias and factors, inputs 2 and 3, of `outputs` channels.
Result<void> checkChannels(std::span<const TensorType> inputs, int64_t outputs,
                           const QuantisedResult& y) {
  const TensorType bias{y.isReal() ? DataType::Float32 : DataType::Int32, Shape{outputs}};
  if (present(inputs, 2) && inputs[2] != bias)
    return fail(ErrorCode::ShapeMismatch, "the bias is ", inputs[2].type, " ", inputs[2].shape,
                ", expected ", bias.type, " ", outputs);
  const DataType factors = y.isTflite() ? DataType::Float64 : DataType::Float32;
  if (!present(inputs, 3) || inputs[3].type != factors || inputs[3].shape.rank() > 1 ||
      (inputs[3].shape.elements() != 1 && inputs[3].shape.elements() != outputs))
    return fail(ErrorCode::ShapeMismatch, "expected ", factors, " factors, one or ", outputs);
  return {};
}

Conv plainConv(const QuantizedConv& op) {
  Conv plain;
  static_cast<WindowAttributes&>(plain) = op;
  plain.groups = op.groups;
  return plain;
}

}  // namespace

std::unique_ptr<Operator> makeQuantizedConv() { return std::make_unique<QuantizedConv>(); }
std::unique_ptr<Operator> makeQuantizedMatMul() { return std::make_unique<QuantizedMatMul>(); }
std::unique_ptr<Operator> makeQuantizedBinary() { return std::make_unique<QuantizedBinary>(); }
std::unique_ptr<Operator> makeQuantizedPool() { return std::make_unique<QuantizedPool>(); }
std::unique_ptr<Operator> makeLookUp() { return std::make_unique<LookUp>(); }

DataType QuantisedResult::dataType() const {
  for (const DataType known : {DataType::Int8, DataType::Float32})
    if (type == static_cast<int64_t>(known)) return known;
  return DataType::Uint8;
}

QuantisedResult QuantisedResult::of(DataType type, int64_t zero) {
  const Range range = rangeOf(type);
  return {.type = static_cast<int64_t>(type), .zero = zero, .least = range.low, .most = range.high};
}

Result<void> QuantisedResult::check() const {
  const Range range = rangeOf(dataType());
  if (type != static_cast<int64_t>(dataType()) || isReal())
    return fail(ErrorCode::Unsupported, "quantised results of type ", type,
                " (uint8 and int8 are supported)");
  if (!range.holds(zero) || !range.holds(least) || !range.holds(most) || least > most)
    return fail(ErrorCode::BadModel, "a zero point of ", zero, " and results from ", least, " to ",
                most, " do not fit ", dataType());
  return {};
}

Result<TensorTypes> QuantizedConv::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = checkProduct(*this, inputs, "the input"); !ok) return passOn(ok);
  if (inputs[1].type != DataType::Int8)
    return fail(ErrorCode::Unsupported, "weights of ", inputs[1].type, " (int8 is supported)");
  const std::vector<TensorType> floats{{DataType::Float32, inputs[0].shape},
                                       {DataType::Float32, inputs[1].shape}};
  auto types = plainConv(*this).inferShape(floats);
  if (!types) return types;
  for (int axis = 2; axis < inputs[0].shape.rank(); ++axis)
    if (xBlock < 1 || inputs[0].shape[axis] % xBlock != 0)
      return fail(ErrorCode::ShapeMismatch, inputs[0].shape, " does not divide into blocks of ",
                  xBlock);
  if (auto ok = checkChannels(inputs, inputs[1].shape[0], y); !ok) return passOn(ok);
  (*types)[0].type = y.dataType();
  return types;
}

int64_t QuantizedConv::multiplyAdds(std::span<const TensorType> inputs,
                                    std::span<const TensorType> outputs) const {
  const Shape& w = inputs[1].shape;
  return cappedProduct(outputs[0].shape.elements(), w[0] > 0 ? w.elements() / w[0] : 0);
}

std::optional<WeightMatrices> QuantizedConv::weightMatrices(int index, const Shape& shape,
                                                            const Strides& strides) const {
  if (index != 1) return std::nullopt;
  return convWeights(groups, shape, strides);
}

std::optional<Rows> QuantizedConv::rowsRead(int index, const Rows& output,
                                            std::span<const TensorType> inputs,
                                            std::span<const TensorType> outputs) const {
  if (!isImageStrip(output, outputs)) return std::nullopt;
  if (index > 0) return kAllRows;
  const int64_t extent = inputs[0].shape[2];
  return rowsUnderWindow(output, along(0, extent), extent);
}

std::optional<DataAxes> QuantizedConv::dataAxes(const DataInputs& in) const {
  return axesOfWindows(in);
}

Result<TensorTypes> QuantizedMatMul::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = checkProduct(*this, inputs, "the left side"); !ok) return passOn(ok);
  const Shape &a = inputs[0].shape, &b = inputs[1].shape;
  if (inputs[1].type != DataType::Int8 || b.rank() != 2 || a.rank() < 2)
    return fail(ErrorCode::Unsupported, "a quantised product of ", a, " with ", inputs[1].type, " ",
                b, " (int8 matrices are supported)");
  const auto extents = matMulExtents(a, b, false, transposeB);
  if (!extents) return passOn(extents);
  if (auto ok = checkChannels(inputs, extents->n, y); !ok) return passOn(ok);
  const Shape out = matMulShape(*extents, a, b);
  if (auto ok = checkShape(out); !ok) return passOn(ok);
  return TensorTypes{TensorType{y.dataType(), out}};
}

int64_t QuantizedMatMul::multiplyAdds(std::span<const TensorType> inputs,
                                      std::span<const TensorType> outputs) const {
  const Shape& a = inputs[0].shape;
  return cappedProduct(outputs[0].shape.elements(), a[a.rank() - 1]);
}

std::optional<WeightMatrices> QuantizedMatMul::weightMatrices(int index, const Shape& shape,
                                                              const Strides& strides) const {
  if (index != 1) return std::nullopt;
  return rightSide(shape, strides, transposeB);
}

std::string QuantizedBinary::name() const {
  static constexpr const char* kNames[] = {"QuantizedAdd", "QuantizedMul", "QuantizedSub",
                                           "QuantizedPRelu"};
  return fn < QuantizedFn::kCount ? kNames[static_cast<int>(fn)] : "?";
}

Result<TensorTypes> QuantizedBinary::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 2); !ok) return passOn(ok);
  if (auto ok = checkByte(inputs[0], a.zero, "the left side"); !ok) return passOn(ok);
  if (auto ok = checkByte(inputs[1], b.zero, "the right side"); !ok) return passOn(ok);
  if (auto ok = y.check(); !ok) return passOn(ok);
  const auto shape = broadcastShapes(inputs[0].shape, inputs[1].shape);
  if (!shape) return passOn(shape);
  if (auto ok = checkShape(*shape); !ok) return passOn(ok);
  return TensorTypes{TensorType{y.dataType(), *shape}};
}

std::optional<DataAxes> QuantizedBinary::dataAxes(const DataInputs& in) const {
  return axesBroadcast(in, 2);
}

std::optional<Rows> QuantizedBinary::rowsRead(int index, const Rows& output,
                                              std::span<const TensorType> inputs,
                                              std::span<const TensorType> outputs) const {
  return rowsBroadcast(output, inputs[index].shape, outputs[0].shape);
}

Result<TensorTypes> QuantizedPool::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  if (auto ok = checkByte(inputs[0], x.zero, "the input"); !ok) return passOn(ok);
  if (auto ok = y.check(); !ok) return passOn(ok);
  if (pool.fn != PoolFn::Average)
    return fail(ErrorCode::Unsupported, "quantised ", pool.name(), " (averages are supported)");
  const std::vector<TensorType> floats{{DataType::Float32, inputs[0].shape}};
  auto types = pool.inferShape(floats);
  if (!types) return types;
  (*types)[0].type = y.dataType();
  return types;
}

std::optional<DataAxes> QuantizedPool::dataAxes(const DataInputs& in) const {
  return pool.dataAxes(in);
}

int64_t QuantizedPool::elementsVisited(std::span<const TensorType> inputs,
                                       std::span<const TensorType> outputs) const {
  return pool.elementsVisited(inputs, outputs);
}

std::optional<Rows> QuantizedPool::rowsRead(int index, const Rows& output,
                                            std::span<const TensorType> inputs,
                                            std::span<const TensorType> outputs) const {
  return pool.rowsRead(index, output, inputs, outputs);
}

Result<TensorTypes> LookUp::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 2); !ok) return passOn(ok);
  if (auto ok = checkByte(inputs[0], 0, "the input"); !ok) return passOn(ok);
  const auto [type, shape] = inputs[1];
  if ((!isByte(type) && type != DataType::Float32) || shape != Shape{256})
    return fail(ErrorCode::ShapeMismatch, "a table of ", type, " ", shape,
                ", expected 256 of uint8, int8 or float32");
  return TensorTypes{TensorType{type, inputs[0].shape}};
}

std::optional<DataAxes> LookUp::dataAxes(const DataInputs& in) const { return axesOfInput(in); }

std::optional<Rows> LookUp::rowsRead(int index, const Rows& output, std::span<const TensorType>,
                                     std::span<const TensorType>) const {
  return index == 0 ? sameRows(output, output.axis) : kAllRows;
}

}  // namespace minnow::ops
