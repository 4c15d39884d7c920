// Constant: one of several attributes holds the value.
#include "converter/onnx/node_context.h"

namespace minnow::converter {

void importConstant(NodeContext& node) {
  if (node.has("value")) return node.setOutput(0, node.tensor("value"));
  if (node.has("value_float"))
    return node.setOutput(0, node.constantFloat(node.number("value_float", 0)));
  if (node.has("value_int"))
    return node.setOutput(0, node.constantIntTensor({}, {node.integer("value_int")}));
  if (node.has("value_floats")) {
    const std::vector<float> values = node.numbers("value_floats");
    return node.setOutput(0,
                          node.constantFloatTensor({static_cast<int64_t>(values.size())}, values));
  }
  if (node.has("value_ints")) {
    const std::vector<int64_t> values = node.integers("value_ints");
    return node.setOutput(0, node.constantIntTensor({static_cast<int64_t>(values.size())}, values));
  }
  node.unsupported("a sparse or string value");
}

}  // namespace minnow::converter
