// Conv: auto_pad resolved, kernel_shape taken from the weights when absent.
#include "ops/conv.h"

#include "converter/onnx/node_context.h"
#include "converter/onnx/window.h"

namespace minnow::converter {

void importConv(NodeContext& node) {
  if (node.rank(0) < 3) node.broken("the input has no spatial axes");
  const Window window = readWindow(node, node.largestShape(0), node.shape(1));
  auto op = std::make_unique<ops::Conv>();
  op->kernel = window.kernel;
  op->strides = window.strides;
  op->dilations = window.dilations;
  op->padsBegin = window.padsBegin;
  op->padsEnd = window.padsEnd;
  op->groups = node.integer("group", 1);
  std::vector<ir::ValueId> inputs{node.input(0), node.input(1)};
  if (node.hasInput(2)) inputs.push_back(node.input(2));
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
