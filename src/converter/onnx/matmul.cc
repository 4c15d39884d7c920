// MatMul, and Gemm: MatMul with a bias where its C is a row of N and alpha is 1, else followed by
// elementwise operators. C broadcasts as numpy's arrays do, in opset 6 only if `broadcast` is set.
#include "ops/matmul.h"

#include "converter/onnx/node_context.h"
#include "ops/binary.h"

namespace minnow::converter {
namespace {

/// C times beta as a bias [N], if that is what Gemm's C is; nullopt if it is anything else.
std::optional<ir::ValueId> biasOf(NodeContext& node, int64_t n, float beta) {
  const ir::ValueId c = node.input(2);
  const Shape& shape = node.typeOf(c).shape;
  if (beta == 1.0f && shape == Shape{n}) return c;
  const bool isRow = shape.elements() == 1 ||
                     (shape.elements() == n && shape.rank() > 0 && shape[shape.rank() - 1] == n);
  // A number becomes a row only for weights, whose n stays.
  const bool fixedN = shape.elements() > 1 || node.isConstant(node.input(1));
  if (!isRow || !fixedN || !node.isConstant(c) || node.typeOf(c).type != DataType::Float32)
    return std::nullopt;
  std::vector<float> row = node.constantFloats(2);
  if (row.size() == 1) row.resize(static_cast<size_t>(n), row[0]);
  for (float& value : row) value *= beta;
  return node.constantFloatTensor(Shape{n}, row);
}

ir::ValueId combined(NodeContext& node, ops::BinaryFn fn, ir::ValueId a, ir::ValueId b) {
  auto op = std::make_unique<ops::Binary>();
  op->fn = fn;
  return node.emit(std::move(op), {a, b});
}

ir::ValueId scaled(NodeContext& node, ir::ValueId value, float factor) {
  const DataType type = node.typeOf(value).type;
  if (type == DataType::Float32)
    return combined(node, ops::BinaryFn::Mul, value, node.constantFloat(factor));
  node.unsupported("Gemm of other types than float32 with alpha or beta");
}

}  // namespace

void importMatMul(NodeContext& node) {
  node.setOutput(0, node.emit(std::make_unique<ops::MatMul>(), {node.input(0), node.input(1)}));
}

void importGemm(NodeContext& node) {
  auto op = std::make_unique<ops::MatMul>();
  op->transposeA = node.integer("transA", 0) != 0;
  op->transposeB = node.integer("transB", 0) != 0;
  if (node.rank(0) != 2 || node.rank(1) != 2) node.broken("Gemm wants two matrices");
  const int64_t n = node.largestShape(1)[op->transposeB ? 0 : 1];
  const float alpha = node.number("alpha", 1.0f), beta = node.number("beta", 1.0f);
  std::vector<ir::ValueId> inputs{node.input(0), node.input(1)};
  const bool addsC = node.hasInput(2) && beta != 0.0f;
  const auto bias = alpha == 1.0f && addsC ? biasOf(node, n, beta) : std::nullopt;
  if (bias) inputs.push_back(*bias);
  ir::ValueId y = node.emit(std::move(op), inputs);
  if (alpha != 1.0f) y = scaled(node, y, alpha);
  if (addsC && !bias) {
    const ir::ValueId c = beta == 1.0f ? node.input(2) : scaled(node, node.input(2), beta);
    y = combined(node, ops::BinaryFn::Add, y, c);
  }
  node.setOutput(0, y);
}

}  // namespace minnow::converter
