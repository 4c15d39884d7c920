// Elementwise functions of one tensor.
#include "ops/unary.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {
namespace {

ops::UnaryFn functionNamed(const NodeContext& node) {
  for (int i = 0; i < static_cast<int>(ops::UnaryFn::kCount); ++i)
    if (node.type() == ops::unaryFnName(static_cast<ops::UnaryFn>(i)))
      return static_cast<ops::UnaryFn>(i);
  node.unsupported("this function");
}

void emitUnary(NodeContext& node, float alpha, float beta) {
  auto op = std::make_unique<ops::Unary>();
  op->fn = functionNamed(node);
  op->alpha = alpha;
  op->beta = beta;
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace

/// Functions without parameters; ONNX and we use the same names.
void importUnary(NodeContext& node) { emitUnary(node, 0, 0); }

void importHardSigmoid(NodeContext& node) {
  emitUnary(node, node.number("alpha", 0.2f), node.number("beta", 0.5f));
}

}  // namespace minnow::converter
