// Elementwise functions: names, types and shapes.
#include "ops/unary.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

const char* unaryFnName(UnaryFn fn) {
  static constexpr const char* kNames[] = {
#define MINNOW_UNARY(name) #name,
#include "ops/unary_functions.inc"
#undef MINNOW_UNARY
  };
  return fn < UnaryFn::kCount ? kNames[static_cast<int>(fn)] : "?";
}

std::unique_ptr<Operator> makeUnary() { return std::make_unique<Unary>(); }

std::string Unary::name() const { return unaryFnName(fn); }

bool Unary::mayRunInPlace(int) const { return true; }

std::optional<Storage> Unary::viewOf(const Shape&, const Storage& input, int) const {
  if (fn != UnaryFn::Identity) return std::nullopt;
  return input;
}

namespace {

bool isInteger(DataType type) {
  return type != DataType::Bool && type != DataType::Float32 && type != DataType::Float16 &&
         type != DataType::Float64 && elementSize(type) > 0;
}

bool supports(UnaryFn fn, DataType type) {
  const bool isFloat = type == DataType::Float32 || type == DataType::Float16;
  switch (fn) {
    case UnaryFn::Identity:
      return elementSize(type) > 0;
    case UnaryFn::Not:
      return type == DataType::Bool;
    case UnaryFn::BitwiseNot:
      return isInteger(type);
    case UnaryFn::IsNaN:
    case UnaryFn::IsInf:
      return isFloat || type == DataType::Float64;
    case UnaryFn::Abs:
    case UnaryFn::Neg:
    case UnaryFn::Sign:
    case UnaryFn::Relu:
      return isFloat || isInteger(type) || type == DataType::Float64;
    default:
      return isFloat || type == DataType::Float64;
  }
}

}  // namespace

Result<TensorTypes> Unary::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  if (!supports(fn, inputs[0].type))
    return fail(ErrorCode::Unsupported, name(), " of ", inputs[0].type, " is not supported");
  if (auto ok = checkShape(inputs[0].shape); !ok) return passOn(ok);
  const bool asks = fn == UnaryFn::IsNaN || fn == UnaryFn::IsInf;
  return TensorTypes{TensorType{asks ? DataType::Bool : inputs[0].type, inputs[0].shape}};
}

std::optional<Rows> Unary::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                    std::span<const TensorType>) const {
  return output;
}

Trend Unary::trend(int) const {
  switch (fn) {
    case UnaryFn::Identity:
    case UnaryFn::Relu:
    case UnaryFn::Clip:
    case UnaryFn::Ceil:
    case UnaryFn::Floor:
    case UnaryFn::Round:
    case UnaryFn::Sign:
      return Trend::Rising;
    case UnaryFn::Neg:
    case UnaryFn::Not:
      return Trend::Falling;
    case UnaryFn::Abs:
    case UnaryFn::Sqrt:
      return Trend::RisingFromZero;
    default:
      return Trend::Unknown;
  }
}

std::optional<DataAxes> Unary::dataAxes(const DataInputs& in) const { return axesOfInput(in); }

}  // namespace minnow::ops
