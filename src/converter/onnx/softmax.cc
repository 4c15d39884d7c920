// Softmax, LogSoftmax, Hardmax: below opset 13 they flatten the tensor at the axis.
#include "ops/softmax.h"

#include "converter/onnx/axes.h"
#include "converter/onnx/node_context.h"

namespace minnow::converter {

void importSoftmax(NodeContext& node) {
  auto op = std::make_unique<ops::Softmax>();
  op->fn = node.type() == "Softmax"      ? ops::SoftmaxFn::Softmax
           : node.type() == "LogSoftmax" ? ops::SoftmaxFn::LogSoftmax
                                         : ops::SoftmaxFn::Hardmax;
  const int rank = node.rank(0);
  const bool flattens = node.opset() < 13;
  op->axis = axisOf(node, node.integer("axis", flattens ? 1 : -1), rank);
  op->trailing = flattens && op->axis != rank - 1;
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
