// Elementwise functions of two tensors: names, types and shapes.
#include "ops/binary.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

const char* binaryFnName(BinaryFn fn) {
  static constexpr const char* kNames[] = {
#define MINNOW_BINARY(name) #name,
#include "ops/binary_functions.inc"
#undef MINNOW_BINARY
  };
  return fn < BinaryFn::kCount ? kNames[static_cast<int>(fn)] : "?";
}

std::unique_ptr<Operator> makeBinary() { return std::make_unique<Binary>(); }

std::string Binary::name() const { return binaryFnName(fn); }

bool Binary::mayRunInPlace(int) const { return true; }

namespace {

bool isFloat(DataType type) {
  return type == DataType::Float32 || type == DataType::Float16 || type == DataType::Float64;
}

bool supports(BinaryFn fn, DataType type) {
  if (elementSize(type) == 0) return false;
  const bool isBool = type == DataType::Bool;
  switch (fn) {
    case BinaryFn::And:
    case BinaryFn::Or:
    case BinaryFn::Xor:
      return isBool;
    case BinaryFn::BitwiseAnd:
    case BinaryFn::BitwiseOr:
    case BinaryFn::BitwiseXor:
    case BinaryFn::ShiftLeft:
    case BinaryFn::ShiftRight:
      return !isBool && !isFloat(type);
    case BinaryFn::Equal:
      return true;
    default:
      return !isBool;
  }
}

}  // namespace

Result<TensorTypes> Binary::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 2); !ok) return passOn(ok);
  const DataType a = inputs[0].type, b = inputs[1].type;
  if (!supports(fn, a) || (fn == BinaryFn::Pow && !supports(fn, b)))
    return fail(ErrorCode::Unsupported, name(), " of ", a, " and ", b, " is not supported");
  if (a != b && fn != BinaryFn::Pow)
    return fail(ErrorCode::ShapeMismatch, name(), " of two types, ", a, " and ", b);
  auto shape = broadcastShapes(inputs[0].shape, inputs[1].shape);
  if (!shape) return passOn(shape);
  if (auto ok = checkShape(*shape); !ok) return passOn(ok);
  const DataType result = fn >= BinaryFn::kFirstComparison ? DataType::Bool : a;
  if (epilogue.fn != UnaryFn::Identity && result != DataType::Float32)
    return fail(ErrorCode::Unsupported, "a fused activation of ", result, " is not supported");
  return TensorTypes{TensorType{result, *shape}};
}

std::optional<Rows> Binary::rowsRead(int index, const Rows& output,
                                     std::span<const TensorType> inputs,
                                     std::span<const TensorType> outputs) const {
  return rowsBroadcast(output, inputs[index].shape, outputs[0].shape);
}

std::optional<DataAxes> Binary::dataAxes(const DataInputs& in) const {
  return axesBroadcast(in, 2);
}

Trend Binary::trend(int index) const {
  switch (fn) {
    case BinaryFn::Add:
    case BinaryFn::Min:
    case BinaryFn::Max:
    case BinaryFn::And:
    case BinaryFn::Or:
      return Trend::Rising;
    case BinaryFn::Sub:
    case BinaryFn::Greater:
    case BinaryFn::GreaterOrEqual:
      return index == 0 ? Trend::Rising : Trend::Falling;
    case BinaryFn::Less:
    case BinaryFn::LessOrEqual:
      return index == 0 ? Trend::Falling : Trend::Rising;
    case BinaryFn::Mul:
      return Trend::Either;
    case BinaryFn::Div:
      return index == 0 ? Trend::Either : Trend::EitherSideOfZero;
    default:
      return Trend::Unknown;
  }
}

Result<TensorTypes> Binary::largestOutputs(const DataInputs& in) const {
  return inferShape(fittedToBroadcast(in, 2));
}

}  // namespace minnow::ops
