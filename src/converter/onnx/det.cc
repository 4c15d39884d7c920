// Det.
#include "ops/det.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {

void importDet(NodeContext& node) {
  node.setOutput(0, node.emit(std::make_unique<ops::Det>(), {node.input(0)}));
}

}  // namespace minnow::converter
