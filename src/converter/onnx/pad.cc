// Pad: pads and value are attributes up to opset 10, inputs after; axes from opset 18, wrap
// from 19.
#include "ops/pad.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {
namespace {

ops::PadMode padMode(const NodeContext& node) {
  const std::string mode = node.string("mode", "constant");
  if (mode == "constant") return ops::PadMode::Constant;
  if (mode == "reflect") return ops::PadMode::Reflect;
  if (mode == "edge") return ops::PadMode::Edge;
  if (mode == "wrap" && node.opset() >= 19) return ops::PadMode::Wrap;
  node.unsupported("mode '" + mode + "'");
}

std::vector<int64_t> padAxes(const NodeContext& node) {
  std::vector<int64_t> axes;
  if (node.opset() >= 18 && node.hasInput(3)) {
    axes = node.constantInts(3);
    for (int64_t& axis : axes)
      if (axis < 0) axis += node.rank(0);
  } else {
    for (int i = 0; i < node.rank(0); ++i) axes.push_back(i);
  }
  return axes;
}

}  // namespace

void importPad(NodeContext& node) {
  const bool asInputs = node.opset() >= 11;
  auto op = std::make_unique<ops::Pad>();
  op->mode = padMode(node);
  const std::vector<int64_t> pads = asInputs ? node.constantInts(1) : node.integers("pads");
  const std::vector<int64_t> axes = padAxes(node);
  if (pads.size() != 2 * axes.size()) node.broken("pads and axes do not fit together");
  op->padsBegin.assign(node.rank(0), 0);
  op->padsEnd.assign(node.rank(0), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] < 0 || axes[i] >= node.rank(0)) node.broken("an axis is out of range");
    op->padsBegin[axes[i]] = pads[i];
    op->padsEnd[axes[i]] = pads[i + axes.size()];
  }
  std::vector<ir::ValueId> inputs{node.input(0)};
  if (asInputs && node.hasInput(2)) inputs.push_back(node.input(2));
  if (!asInputs && node.number("value", 0) != 0)
    inputs.push_back(node.constantFloat(node.number("value", 0)));
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
