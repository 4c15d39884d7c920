// Shape and Size: shapes are static, so both are constants; of anything but a constant they pin the
// model to the converted shapes.
#include "converter/onnx/node_context.h"

namespace minnow::converter {

void importShape(NodeContext& node) {
  const Shape& shape = node.largestShape(0);
  const auto clampAxis = [&](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + shape.rank() : axis, 0, shape.rank());
  };
  const int64_t start = clampAxis(node.integer("start", 0));
  const int64_t end = clampAxis(node.integer("end", shape.rank()));
  std::vector<int64_t> dims, atMost;
  for (int64_t axis = start; axis < end; ++axis) {
    dims.push_back(shape[static_cast<int>(axis)]);
    atMost.push_back(node.isFromData(0, axis));
  }
  if (!node.isConstant(node.input(0))) node.noteShapeDependence();
  const ir::ValueId value = node.constantIntTensor({std::ssize(dims)}, dims);
  node.markAtMost(value, atMost);
  node.setOutput(0, value);
}

void importSize(NodeContext& node) {
  if (!node.isConstant(node.input(0))) node.noteShapeDependence();
  node.setOutput(0, node.constantIntTensor({}, {node.shape(0).elements()}));
}

}  // namespace minnow::converter
