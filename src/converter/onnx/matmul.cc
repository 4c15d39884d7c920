// MatMul, and Gemm as MatMul with a bias where its C is a row of N.
#include "ops/matmul.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {
namespace {

/// C times beta as a bias [N], if that is what Gemm's C is; nullopt if it is anything else.
std::optional<ir::ValueId> biasOf(NodeContext& node, int64_t n, float beta) {
  const ir::ValueId c = node.input(2);
  const Shape& shape = node.typeOf(c).shape;
  if (beta == 1.0f && shape == Shape{n}) return c;
  const bool isRow = shape.elements() == 1 ||
                     (shape.elements() == n && shape.rank() > 0 && shape[shape.rank() - 1] == n);
  if (!isRow || !node.isConstant(c) || node.typeOf(c).type != DataType::Float32)
    return std::nullopt;
  std::vector<float> row = node.constantFloats(2);
  if (row.size() == 1) row.resize(static_cast<size_t>(n), row[0]);
  for (float& value : row) value *= beta;
  return node.constantFloatTensor(Shape{n}, row);
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
  const int64_t n = node.shape(1)[op->transposeB ? 0 : 1];
  const float alpha = node.number("alpha", 1.0f), beta = node.number("beta", 1.0f);
  std::vector<ir::ValueId> inputs{node.input(0), node.input(1)};
  if (!node.hasInput(2) && alpha == 1.0f) {
    node.setOutput(0, node.emit(std::move(op), inputs));
    return;
  }
  const auto bias = alpha == 1.0f ? biasOf(node, n, beta) : std::nullopt;
  if (!bias) node.unsupported("Gemm with this alpha, beta or C");
  inputs.push_back(*bias);
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
