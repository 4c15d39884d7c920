// Elementwise functions of two or more tensors.
#include "ops/binary.h"

#include "converter/onnx/node_context.h"
#include "ops/reshape.h"
#include "ops/where.h"

namespace minnow::converter {
namespace {

using ops::BinaryFn;

ir::ValueId binary(NodeContext& node, BinaryFn fn, ir::ValueId a, ir::ValueId b) {
  auto op = std::make_unique<ops::Binary>();
  op->fn = fn;
  return node.emit(std::move(op), {a, b});
}

/// `b` with axes of extent 1 after its own, so that its first axis meets axis `axis` of a tensor of
/// that rank.
ir::ValueId alignedFrom(NodeContext& node, ir::ValueId b, int64_t axis, int rank) {
  const Shape own = node.typeOf(b).shape;
  const int64_t trailing = rank - axis - own.rank();
  if (axis < 0 || trailing < 0) node.broken("axis does not fit the shapes");
  if (trailing == 0) return b;
  auto op = std::make_unique<ops::Unsqueeze>();
  for (int64_t i = 0; i < trailing; ++i) op->axes.push_back(own.rank() + i);
  return node.emit(std::move(op), {b});
}

/// Before opset 7, `axis` says which axis of the first input the second one's first axis meets.
ir::ValueId secondInput(NodeContext& node) {
  const ir::ValueId b = node.input(1);
  if (node.opset() >= 7 || !node.has("axis") || node.integer("broadcast", 0) == 0) return b;
  const int64_t axis = node.integer("axis");
  return alignedFrom(node, b, axis < 0 ? axis + node.rank(0) : axis, node.rank(0));
}

BinaryFn functionNamed(NodeContext& node) {
  for (int i = 0; i < static_cast<int>(BinaryFn::kCount); ++i)
    if (node.type() == ops::binaryFnName(static_cast<BinaryFn>(i))) return static_cast<BinaryFn>(i);
  node.unsupported("this function");
}

/// All inputs combined from the left.
ir::ValueId chain(NodeContext& node, BinaryFn fn) {
  if (node.inputs() == 0) node.broken("there are no inputs");
  ir::ValueId y = node.input(0);
  for (int i = 1; i < node.inputs(); ++i) y = binary(node, fn, y, node.input(i));
  if (node.inputs() > 1) return y;
  return node.emit(std::make_unique<ops::Unary>(), {y});
}

}  // namespace

/// Functions that ONNX and we call by the same names.
void importBinary(NodeContext& node) {
  const BinaryFn fn = functionNamed(node);
  node.setOutput(0, binary(node, fn, node.input(0), secondInput(node)));
}

/// Before opset 7 a slope of one axis belongs to the channels.
void importPRelu(NodeContext& node) {
  ir::ValueId slope = node.input(1);
  const bool perChannel = node.rank(1) == 1 && node.shape(1)[0] != 1 && node.rank(0) > 2;
  if (node.opset() < 7 && perChannel) slope = alignedFrom(node, slope, 1, node.rank(0));
  node.setOutput(0, binary(node, BinaryFn::PRelu, node.input(0), slope));
}

void importMod(NodeContext& node) {
  const BinaryFn fn = node.integer("fmod", 0) ? BinaryFn::Fmod : BinaryFn::Mod;
  node.setOutput(0, binary(node, fn, node.input(0), node.input(1)));
}

void importBitShift(NodeContext& node) {
  const std::string direction = node.string("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") node.broken("direction is no direction");
  const BinaryFn fn = direction == "LEFT" ? BinaryFn::ShiftLeft : BinaryFn::ShiftRight;
  node.setOutput(0, binary(node, fn, node.input(0), node.input(1)));
}

void importMax(NodeContext& node) { node.setOutput(0, chain(node, BinaryFn::Max)); }
void importMin(NodeContext& node) { node.setOutput(0, chain(node, BinaryFn::Min)); }
void importSum(NodeContext& node) { node.setOutput(0, chain(node, BinaryFn::Add)); }

void importMean(NodeContext& node) {
  const ir::ValueId sum = chain(node, BinaryFn::Add);
  const DataType type = node.typeOf(sum).type;
  if (type != DataType::Float32 && type != DataType::Float64)
    node.unsupported("a type other than float32 and float64");
  const ir::ValueId count = type == DataType::Float64
                                ? node.constantDouble(static_cast<double>(node.inputs()))
                                : node.constantFloat(static_cast<float>(node.inputs()));
  node.setOutput(0, binary(node, BinaryFn::Div, sum, count));
}

void importWhere(NodeContext& node) {
  node.setOutput(
      0, node.emit(std::make_unique<ops::Where>(), {node.input(0), node.input(1), node.input(2)}));
}

}  // namespace minnow::converter
