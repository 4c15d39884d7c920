// ConvTranspose: kernel_shape is taken from the weights when absent.
#include "ops/conv_transpose.h"

#include "converter/onnx/node_context.h"
#include "converter/onnx/window.h"

namespace minnow::converter {
namespace {

std::vector<int64_t> outputPaddingOf(const NodeContext& node, size_t spatial) {
  std::vector<int64_t> padding = node.integers("output_padding");
  if (padding.empty()) padding.assign(spatial, 0);
  if (padding.size() != spatial) node.broken("output_padding has the wrong length");
  return padding;
}

/// output_shape, which some exporters write with the batch and channel axes in front; empty if
/// absent.
std::vector<int64_t> outputShapeOf(const NodeContext& node, size_t spatial) {
  std::vector<int64_t> shape = node.integers("output_shape");
  if (shape.size() == spatial + 2) shape.erase(shape.begin(), shape.begin() + 2);
  if (!shape.empty() && shape.size() != spatial) node.broken("output_shape has the wrong length");
  return shape;
}

}  // namespace

void importConvTranspose(NodeContext& node) {
  auto op = std::make_unique<ops::ConvTranspose>();
  static_cast<ops::WindowAttributes&>(*op) = readWindow(node, node.shape(1));
  op->groups = node.integer("group", 1);
  op->outputPadding = outputPaddingOf(node, op->kernel.size());
  op->outputShape = outputShapeOf(node, op->kernel.size());
  // ONNX shares out what an output_shape cuts off as SAME_LOWER does, unless it is SAME_UPPER. (Up
  // to opset 10 it names the halves the other way round than the SAME modes' own description, which
  // from 11 on both follow; so do all engines.)
  if (!op->outputShape.empty() && op->autoPad == ops::AutoPad::None)
    op->autoPad = ops::AutoPad::SameLower;
  std::vector<ir::ValueId> inputs{node.input(0), node.input(1)};
  if (node.hasInput(2)) inputs.push_back(node.input(2));
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
