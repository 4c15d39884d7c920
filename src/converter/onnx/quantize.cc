// Quantised operators. QLinearConv and QLinearMatMul become an integer product and Requantize;
// vectors of scales and zero points get the axes that make them broadcast.
#include "ops/quantize.h"

#include "converter/onnx/node_context.h"
#include "converter/onnx/window.h"
#include "ops/integer_product.h"
#include "ops/reshape.h"

namespace minnow::converter {
namespace {

ops::ScaleSpread spreadOf(const NodeContext& node) {
  // Before opset 13 there was one scale for the whole tensor, and no attribute.
  return {node.integer("axis", 1), node.integer("block_size", 0)};
}

ir::ValueId inputOrNone(const NodeContext& node, int i) {
  return i < node.inputs() ? node.input(i) : ir::kNoValue;
}

/// `value`, if it is a vector of more than one element, with `trailing` axes of extent 1 behind.
ir::ValueId asAxis(NodeContext& node, ir::ValueId value, int trailing) {
  if (value == ir::kNoValue) return value;
  const Shape shape = node.typeOf(value).shape;
  if (shape.rank() != 1 || trailing == 0) return value;
  if (shape[0] == 1) return node.emit(std::make_unique<ops::Reshape>(), {value});  // a scalar
  auto op = std::make_unique<ops::Unsqueeze>();
  for (int i = 0; i < trailing; ++i) op->axes.push_back(1 + i);
  return node.emit(std::move(op), {value});
}

std::unique_ptr<ops::ConvInteger> convOf(NodeContext& node, int weights) {
  auto op = std::make_unique<ops::ConvInteger>();
  static_cast<ops::WindowAttributes&>(*op) = readWindow(node, node.shape(weights));
  op->groups = node.integer("group", 1);
  return op;
}

void requantize(NodeContext& node, std::vector<ir::ValueId> inputs, ir::ValueId zero) {
  auto op = std::make_unique<ops::Requantize>();
  const DataType type = node.typeOf(zero == ir::kNoValue ? node.input(0) : zero).type;
  op->type = static_cast<int64_t>(type);
  inputs.push_back(zero);
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace

void importQuantizeLinear(NodeContext& node) {
  auto op = std::make_unique<ops::QuantizeLinear>();
  op->spread = spreadOf(node);
  const ir::ValueId zero = inputOrNone(node, 2);
  op->type = node.integer("output_dtype", 0);
  if (zero != ir::kNoValue)
    op->type = static_cast<int64_t>(node.typeOf(zero).type);
  else if (op->type == 0)
    op->type = static_cast<int64_t>(DataType::Uint8);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.resultScale(1), zero}));
}

void importDequantizeLinear(NodeContext& node) {
  auto op = std::make_unique<ops::DequantizeLinear>();
  op->spread = spreadOf(node);
  const auto wanted = static_cast<DataType>(node.integer("output_dtype", 0));
  if (wanted != DataType::Undefined && wanted != node.typeOf(node.input(1)).type)
    node.unsupported("an output_dtype that is not the scale's type");
  // Weights and biases: fuse-quantised wants the integers, fold-constants makes numbers of what is left.
  const bool isTensor = node.isConstant(node.input(0)) && node.rank(0) > 0;
  std::vector<ir::ValueId> inputs{node.input(0), node.input(1), inputOrNone(node, 2)};
  node.setOutput(
      0, isTensor ? node.emitForPasses(std::move(op), inputs) : node.emit(std::move(op), inputs));
}

void importDynamicQuantizeLinear(NodeContext& node) {
  const auto results =
      node.emitMany(std::make_unique<ops::DynamicQuantizeLinear>(), {node.input(0)}, 3);
  for (int i = 0; i < 3; ++i)
    if (node.wantsOutput(i)) node.setOutput(i, results[static_cast<size_t>(i)]);
}

void importConvInteger(NodeContext& node) {
  node.setOutput(0, node.emit(convOf(node, 1), {node.input(0), node.input(1), inputOrNone(node, 2),
                                                inputOrNone(node, 3)}));
}

/// A vector of zero points of the left side belongs to its rows.
void importMatMulInteger(NodeContext& node) {
  node.setOutput(0, node.emit(std::make_unique<ops::MatMulInteger>(),
                              {node.input(0), node.input(1), asAxis(node, inputOrNone(node, 2), 1),
                               inputOrNone(node, 3)}));
}

void importQLinearConv(NodeContext& node) {
  const int spatial = node.rank(0) - 2;
  const ir::ValueId sum = node.emit(convOf(node, 3), {node.input(0), node.input(3), node.input(2),
                                                      node.input(5), inputOrNone(node, 8)});
  requantize(node,
             {sum, asAxis(node, node.input(1), spatial), asAxis(node, node.input(4), spatial),
              asAxis(node, node.resultScale(6), spatial)},
             asAxis(node, node.input(7), spatial));
}

void importQLinearMatMul(NodeContext& node) {
  const ir::ValueId sum =
      node.emit(std::make_unique<ops::MatMulInteger>(),
                {node.input(0), node.input(3), asAxis(node, node.input(2), 1), node.input(5)});
  requantize(
      node,
      {sum, asAxis(node, node.input(1), 1), node.input(4), asAxis(node, node.resultScale(6), 1)},
      asAxis(node, node.input(7), 1));
}

}  // namespace minnow::converter
