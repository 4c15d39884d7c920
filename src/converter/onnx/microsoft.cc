// ONNX Runtime's own quantised operators: DequantizeLinear, the operator in float32, QuantizeLinear.
// fuse-quantised makes one operator on integers of the three, as it does where a model has them.
#include <algorithm>

#include "converter/onnx/axes.h"
#include "converter/onnx/node_context.h"
#include "converter/onnx/window.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/matmul.h"
#include "ops/pool.h"
#include "ops/quantize.h"
#include "ops/softmax.h"
#include "ops/unary.h"

namespace minnow::converter {
namespace {

ir::ValueId optionalInput(const NodeContext& node, int i) {
  return i < node.inputs() ? node.input(i) : ir::kNoValue;
}

/// Input i, its scale and its zero point as real numbers.
ir::ValueId dequantised(NodeContext& node, int i, int64_t axis = 0) {
  auto op = std::make_unique<ops::DequantizeLinear>();
  op->spread.axis = axis;
  const std::vector<ir::ValueId> inputs{node.input(i), node.input(i + 1),
                                        optionalInput(node, i + 2)};
  return node.isConstant(inputs[0]) ? node.emitForPasses(std::move(op), inputs)
                                    : node.emit(std::move(op), inputs);
}

/// The node's result, by the scale at input i and the zero point behind it.
void setQuantised(NodeContext& node, ir::ValueId real, int i) {
  auto op = std::make_unique<ops::QuantizeLinear>();
  const ir::ValueId zero = optionalInput(node, i + 1);
  op->type = static_cast<int64_t>(zero == ir::kNoValue ? node.typeOf(node.input(0)).type
                                                       : node.typeOf(zero).type);
  node.setOutput(0, node.emit(std::move(op), {real, node.resultScale(i), zero}));
}

/// C of QGemm, int32 of the scale that the product has.
ir::ValueId quantisedBias(NodeContext& node, int i) {
  const std::vector<float> a = node.constantFloats(1), b = node.constantFloats(4);
  std::vector<float> scales;
  for (const float scale : b) scales.push_back(a[0] * scale);
  const Shape shape = scales.size() == 1 ? Shape{} : Shape{static_cast<int64_t>(scales.size())};
  auto op = std::make_unique<ops::DequantizeLinear>();
  op->spread.axis = 0;
  return node.emitForPasses(std::move(op),
                            {node.input(i), node.constantFloatTensor(shape, scales)});
}

}  // namespace

void importQLinearBinary(NodeContext& node) {
  auto op = std::make_unique<ops::Binary>();
  op->fn = node.type() == "QLinearMul" ? ops::BinaryFn::Mul : ops::BinaryFn::Add;
  const ir::ValueId a = dequantised(node, 0), b = dequantised(node, 3);
  setQuantised(node, node.emit(std::move(op), {a, b}), 6);
}

void importQLinearUnary(NodeContext& node) {
  auto op = std::make_unique<ops::Unary>();
  const bool isSigmoid = node.type() == "QLinearSigmoid";
  op->fn = isSigmoid ? ops::UnaryFn::Sigmoid : ops::UnaryFn::LeakyRelu;
  if (!isSigmoid) op->alpha = node.number("alpha", 0.01F);
  setQuantised(node, node.emit(std::move(op), {dequantised(node, 0)}), 3);
}

void importQLinearPool(NodeContext& node) {
  if (node.integer("channels_last", 0) != 0) node.unsupported("channels_last");
  auto op = std::make_unique<ops::Pool>();
  op->fn = ops::PoolFn::Average;
  op->global = node.type() == "QLinearGlobalAveragePool";
  if (!op->global) {
    static_cast<ops::WindowAttributes&>(*op) = readWindow(node, Shape{});
    op->ceilMode = node.integer("ceil_mode", 0) != 0;
    op->countIncludePad = node.integer("count_include_pad", 0) != 0;
  }
  setQuantised(node, node.emit(std::move(op), {dequantised(node, 0)}), 3);
}

void importQLinearConcat(NodeContext& node) {
  auto op = std::make_unique<ops::Concat>();
  op->axis = node.integer("axis");
  std::vector<ir::ValueId> parts;
  for (int i = 2; i < node.inputs(); i += 3) parts.push_back(dequantised(node, i));
  const ir::ValueId real = node.emit(std::move(op), parts);
  auto quantise = std::make_unique<ops::QuantizeLinear>();
  quantise->type = static_cast<int64_t>(node.typeOf(node.input(1)).type);
  node.setOutput(0, node.emit(std::move(quantise), {real, node.resultScale(0), node.input(1)}));
}

void importQLinearSoftmax(NodeContext& node) {
  auto op = std::make_unique<ops::Softmax>();
  const int rank = node.rank(0);
  const bool flattens = node.integer("opset") < 13;
  op->axis = axisOf(node, node.integer("axis", flattens ? 1 : -1), rank);
  op->trailing = flattens && op->axis != rank - 1;
  setQuantised(node, node.emit(std::move(op), {dequantised(node, 0)}), 3);
}

void importQGemm(NodeContext& node) {
  if (node.number("alpha", 1) != 1) node.unsupported("alpha");
  auto op = std::make_unique<ops::MatMul>();
  op->transposeA = node.integer("transA", 0) != 0;
  op->transposeB = node.integer("transB", 0) != 0;
  std::vector<ir::ValueId> inputs{dequantised(node, 0),
                                  dequantised(node, 3, op->transposeB ? 0 : 1)};
  if (optionalInput(node, 6) != ir::kNoValue) inputs.push_back(quantisedBias(node, 6));
  const ir::ValueId real = node.emit(std::move(op), inputs);
  if (optionalInput(node, 7) == ir::kNoValue) return node.setOutput(0, real);
  setQuantised(node, real, 7);
}

}  // namespace minnow::converter
