// Reductions: names, types and shapes.
#include "ops/reduce.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {
namespace {

bool supports(ReduceFn fn, DataType type) {
  switch (type) {
    case DataType::Float32:
    case DataType::Float64:
      return true;
    case DataType::Int32:
    case DataType::Int64:
    case DataType::Uint8:
    case DataType::Int8:
    case DataType::Uint32:
    case DataType::Uint64:
      return fn != ReduceFn::L2 && fn != ReduceFn::LogSum && fn != ReduceFn::LogSumExp;
    case DataType::Bool:
      return fn == ReduceFn::Max || fn == ReduceFn::Min;
    default:
      return false;
  }
}

}  // namespace

const char* reduceFnName(ReduceFn fn) {
  static constexpr const char* kNames[] = {
      "ReduceSum", "ReduceMean", "ReduceMax",    "ReduceMin",       "ReduceProd",
      "ReduceL1",  "ReduceL2",   "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"};
  return fn < ReduceFn::kCount ? kNames[static_cast<int>(fn)] : "?";
}

std::unique_ptr<Operator> makeReduce() { return std::make_unique<Reduce>(); }

std::string Reduce::name() const { return reduceFnName(fn); }

Result<uint32_t> axisMask(std::span<const int64_t> axes, int rank) {
  uint32_t mask = 0;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= rank)
      return fail(ErrorCode::ShapeMismatch, "axis ", axis, " is outside a tensor of rank ", rank);
    if (mask >> axis & 1) return fail(ErrorCode::BadModel, "axis ", axis, " is named twice");
    mask |= 1u << axis;
  }
  return mask;
}

Result<TensorTypes> Reduce::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  if (!supports(fn, inputs[0].type))
    return fail(ErrorCode::Unsupported, name(), " of ", inputs[0].type);
  const Shape& x = inputs[0].shape;
  const auto mask = axisMask(axes, x.rank());
  if (!mask) return passOn(mask);
  Shape y;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const bool reduced = *mask >> axis & 1;
    if (!reduced) y.push_back(x[axis]);
    if (reduced && keepDims) y.push_back(1);
  }
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return TensorTypes{TensorType{inputs[0].type, y}};
}

std::optional<Rows> Reduce::rowsRead(int, const Rows& output, std::span<const TensorType> inputs,
                                     std::span<const TensorType>) const {
  const auto reduced = axisMask(axes, inputs[0].shape.rank());
  return rowsReduced(output, *reduced, keepDims);
}

Trend Reduce::trend(int) const {
  switch (fn) {
    case ReduceFn::Sum:
    case ReduceFn::Mean:
    case ReduceFn::Max:
    case ReduceFn::Min:
      return Trend::Rising;
    case ReduceFn::Prod:
      return Trend::RisingFromZero;
    default:
      return Trend::Unknown;
  }
}

std::optional<DataAxes> Reduce::dataAxes(const DataInputs& in) const {
  const auto reduced = axisMask(axes, in.shape(0).rank());
  DataAxes left{};
  int next = 0;
  for (int i = 0; i < in.shape(0).rank(); ++i) {
    const bool gone = *reduced >> i & 1;
    if (!gone) left[next] = in.at(0, i);
    next += !gone || keepDims;
  }
  return left;
}

}  // namespace minnow::ops
