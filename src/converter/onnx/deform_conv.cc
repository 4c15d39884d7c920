// DeformConv.
#include "ops/deform_conv.h"

#include "converter/onnx/node_context.h"
#include "converter/onnx/window.h"

namespace minnow::converter {

void importDeformConv(NodeContext& node) {
  const ops::WindowAttributes window = readPaddedWindow(node, node.shape(1));
  auto op = std::make_unique<ops::DeformConv>();
  op->strides = window.strides;
  op->dilations = window.dilations;
  op->padsBegin = window.padsBegin;
  op->padsEnd = window.padsEnd;
  op->groups = node.integer("group", 1);
  op->offsetGroups = node.integer("offset_group", 1);
  std::vector<ir::ValueId> inputs;
  for (int i = 0; i < node.inputs(); ++i) inputs.push_back(node.input(i));
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
