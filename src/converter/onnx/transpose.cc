// Transpose: without perm the axes are reversed.
#include "ops/transpose.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {

void importTranspose(NodeContext& node) {
  auto op = std::make_unique<ops::Transpose>();
  op->perm = node.integers("perm");
  if (!node.has("perm"))
    for (int axis = node.rank(0) - 1; axis >= 0; --axis) op->perm.push_back(axis);
  for (int64_t& axis : op->perm)
    if (axis < 0) axis += node.rank(0);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
