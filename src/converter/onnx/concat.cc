// Concat: all inputs along one axis.
#include "ops/concat.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {

void importConcat(NodeContext& node) {
  auto op = std::make_unique<ops::Concat>();
  op->axis = node.integer("axis");
  std::vector<ir::ValueId> inputs;
  for (int i = 0; i < node.inputs(); ++i) inputs.push_back(node.input(i));
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
