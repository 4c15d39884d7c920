// Einsum: blanks leave the equation.
#include "ops/einsum.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {

void importEinsum(NodeContext& node) {
  auto op = std::make_unique<ops::Einsum>();
  op->equation = node.string("equation", "");
  std::erase(op->equation, ' ');
  std::vector<ir::ValueId> inputs;
  for (int i = 0; i < node.inputs(); ++i) inputs.push_back(node.input(i));
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
