// MaxUnpool: output_shape becomes an attribute.
#include "ops/max_unpool.h"

#include "converter/onnx/node_context.h"
#include "converter/onnx/window.h"

namespace minnow::converter {

void importMaxUnpool(NodeContext& node) {
  const ops::WindowAttributes window = readPaddedWindow(node, Shape{});
  auto op = std::make_unique<ops::MaxUnpool>();
  op->kernel = window.kernel;
  op->strides = window.strides;
  op->padsBegin = window.padsBegin;
  op->padsEnd = window.padsEnd;
  if (node.hasInput(2)) op->outputShape = node.settingInts(*op, "outputShape", 2);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1)}));
}

}  // namespace minnow::converter
