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

/// Which of the pads goes to each axis of x, -1 for none.
std::vector<int64_t> placesOf(const NodeContext& node, const std::vector<int64_t>& axes) {
  std::vector<int64_t> places(static_cast<size_t>(node.rank(0)), -1);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] < 0 || axes[i] >= node.rank(0)) node.broken("an axis is out of range");
    places[static_cast<size_t>(axes[i])] = static_cast<int64_t>(i);
  }
  return places;
}

}  // namespace

void importPad(NodeContext& node) {
  const bool asInputs = node.opset() >= 11;
  auto op = std::make_unique<ops::Pad>();
  op->mode = padMode(node);
  const std::vector<int64_t> axes = padAxes(node);
  const ir::ValueId pads = asInputs ? node.input(1) : node.constantIntRow(node.integers("pads"));
  if (node.typeOf(pads).shape.elements() != 2 * std::ssize(axes))
    node.broken("pads and axes do not fit together");
  if (asInputs) node.expectBounded(1);
  std::vector<int64_t> places = placesOf(node, axes);
  op->padsBegin = node.settingInts(*op, "padsBegin", node.spread(pads, places, 0), "input 1");
  for (int64_t& place : places)
    if (place >= 0) place += std::ssize(axes);
  op->padsEnd = node.settingInts(*op, "padsEnd", node.spread(pads, places, 0), "input 1");
  std::vector<ir::ValueId> inputs{node.input(0)};
  if (asInputs && node.hasInput(2)) inputs.push_back(node.input(2));
  if (!asInputs && node.number("value", 0) != 0)
    inputs.push_back(node.constantFloat(node.number("value", 0)));
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
