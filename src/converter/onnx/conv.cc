// Conv: kernel_shape is taken from the weights when absent.
#include "ops/conv.h"

#include "converter/onnx/node_context.h"
#include "converter/onnx/window.h"

namespace minnow::converter {

void importConv(NodeContext& node) {
  auto op = std::make_unique<ops::Conv>();
  static_cast<ops::WindowAttributes&>(*op) = readWindow(node, node.shape(1));
  op->groups = node.integer("group", 1);
  std::vector<ir::ValueId> inputs{node.input(0), node.input(1)};
  if (node.hasInput(2)) inputs.push_back(node.input(2));
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
