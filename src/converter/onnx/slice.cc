// Slice: attributes up to opset 9, inputs after. Split: sizes as attribute (opset 2 to 12) or input
// (13), a number of parts (18), otherwise equal parts.
#include "ops/slice.h"

#include "converter/onnx/node_context.h"
#include "ops/split.h"

namespace minnow::converter {

void importSlice(NodeContext& node) {
  auto op = std::make_unique<ops::Slice>();
  const bool asInputs = node.opset() >= 10;
  op->starts = asInputs ? node.settingInts(*op, "starts", 1) : node.integers("starts");
  op->ends = asInputs ? node.settingInts(*op, "ends", 2) : node.integers("ends");
  const bool haveAxes = asInputs ? node.hasInput(3) : node.has("axes");
  if (haveAxes && !asInputs) op->axes = node.integers("axes");
  if (haveAxes && asInputs)
    op->axes =
        node.isConstant(node.input(3)) ? node.constantInts(3) : node.settingInts(*op, "axes", 3);
  if (!haveAxes)
    for (size_t i = 0; i < op->starts.size(); ++i) op->axes.push_back(static_cast<int64_t>(i));
  if (asInputs && node.hasInput(4))
    op->steps = node.settingInts(*op, "steps", 4);
  else
    op->steps.assign(op->starts.size(), 1);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importSplit(NodeContext& node) {
  auto op = std::make_unique<ops::Split>();
  op->axis = node.integer("axis", 0);
  if (node.opset() < 13)
    op->sizes = node.integers("split");
  else if (node.hasInput(1))
    op->sizes = node.settingInts(*op, "sizes", 1);
  if (op->sizes.empty()) op->parts = node.integer("num_outputs", node.outputs());
  const auto parts = node.emitMany(std::move(op), {node.input(0)}, node.outputs());
  for (int i = 0; i < node.outputs(); ++i)
    if (node.wantsOutput(i)) node.setOutput(i, parts[i]);
}

}  // namespace minnow::converter
