// Each builds one operator.
#include "converter/onnx/compose.h"

#include <numeric>

#include "ops/cast.h"
#include "ops/concat.h"
#include "ops/expand.h"
#include "ops/gather.h"
#include "ops/matmul.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "ops/where.h"

namespace minnow::converter {

using Value = Composer::Value;

void needShapes(const NodeContext& node) {
  for (int i = 0; i < node.inputs(); ++i)
    if (node.hasInput(i)) (void)node.shape(i);
}

Value Composer::operator()(ops::UnaryFn fn, Value x, float alpha) const {
  auto op = std::make_unique<ops::Unary>();
  op->fn = fn;
  op->alpha = alpha;
  return node_.emit(std::move(op), {x});
}

Value Composer::operator()(ops::BinaryFn fn, Value a, Value b) const {
  auto op = std::make_unique<ops::Binary>();
  op->fn = fn;
  return node_.emit(std::move(op), {a, b});
}

Value Composer::product(Value a, Value b) const {
  return node_.emit(std::make_unique<ops::MatMul>(), {a, b});
}

Value Composer::reduce(ops::ReduceFn fn, Value x, int64_t axis) const {
  auto op = std::make_unique<ops::Reduce>();
  op->fn = fn;
  op->axes = {axis};
  return node_.emit(std::move(op), {x});
}

Value Composer::softmax(Value x) const {
  auto op = std::make_unique<ops::Softmax>();
  op->axis = node_.typeOf(x).shape.rank() - 1;
  return node_.emit(std::move(op), {x});
}

Value Composer::choose(Value condition, Value yes, Value no) const {
  return node_.emit(std::make_unique<ops::Where>(), {condition, yes, no});
}

Value Composer::cast(Value x, DataType to) const {
  if (node_.typeOf(x).type == to) return x;
  auto op = std::make_unique<ops::Cast>();
  op->to = to;
  return node_.emit(std::move(op), {x});
}

Value Composer::reshape(Value x, Dims shape) const {
  auto op = std::make_unique<ops::Reshape>();
  op->shape = std::move(shape);
  return node_.emit(std::move(op), {x});
}

Value Composer::transpose(Value x, Dims perm) const {
  auto op = std::make_unique<ops::Transpose>();
  op->perm = std::move(perm);
  return node_.emit(std::move(op), {x});
}

Value Composer::expand(Value x, Dims shape) const {
  auto op = std::make_unique<ops::Expand>();
  op->shape = std::move(shape);
  return node_.emit(std::move(op), {x});
}

Value Composer::concat(std::vector<Value> parts, int64_t axis) const {
  auto op = std::make_unique<ops::Concat>();
  op->axis = axis;
  return node_.emit(std::move(op), std::move(parts));
}

Value Composer::slice(Value x, int64_t axis, int64_t start, int64_t end, int64_t step) const {
  auto op = std::make_unique<ops::Slice>();
  op->starts = {start};
  op->ends = {end};
  op->axes = {axis};
  op->steps = {step};
  return node_.emit(std::move(op), {x});
}

Value Composer::gather(Value x, Value indices, int64_t axis) const {
  auto op = std::make_unique<ops::Gather>();
  op->axis = axis;
  return node_.emit(std::move(op), {x, indices});
}

Value Composer::gatherElements(Value x, Value indices, int64_t axis) const {
  auto op = std::make_unique<ops::GatherElements>();
  op->axis = axis;
  return node_.emit(std::move(op), {x, indices});
}

Value Composer::number(float value, DataType type) const {
  return cast(node_.constantFloat(value), type);
}

Value Composer::integer(int64_t value) const { return node_.constantIntTensor({}, {value}); }

Value Composer::range(int64_t n, const Shape& shape) const {
  std::vector<int64_t> values(static_cast<size_t>(n));
  std::iota(values.begin(), values.end(), 0);
  return node_.constantIntTensor(shape, values);
}

}  // namespace minnow::converter
