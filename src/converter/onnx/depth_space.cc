// DepthToSpace (mode from opset 11), SpaceToDepth (mode from opset 28), CenterCropPad.
#include "ops/depth_space.h"

#include "converter/onnx/node_context.h"
#include "ops/pad.h"

namespace minnow::converter {

namespace {

template <class Op>
void importBlocks(NodeContext& node) {
  auto op = std::make_unique<Op>();
  op->block = node.integer("blocksize");
  const std::string mode = node.string("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") node.unsupported("mode '" + mode + "'");
  op->order = mode == "CRD" ? ops::DepthOrder::ColumnFirst : ops::DepthOrder::DepthFirst;
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace

void importDepthToSpace(NodeContext& node) { importBlocks<ops::DepthToSpace>(node); }
void importSpaceToDepth(NodeContext& node) { importBlocks<ops::SpaceToDepth>(node); }

/// A Pad whose counts may be negative: what is odd goes to the end, when cropping and when padding.
void importCenterCropPad(NodeContext& node) {
  const Shape& x = node.shape(0);
  const std::vector<int64_t> wanted = node.constantInts(1);
  std::vector<int64_t> axes = node.integers("axes");
  if (!node.has("axes"))
    for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  if (axes.size() != wanted.size()) node.broken("shape and axes do not fit together");
  auto op = std::make_unique<ops::Pad>();
  op->padsBegin.assign(x.rank(), 0);
  op->padsEnd.assign(x.rank(), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + x.rank() : axes[i];
    if (axis < 0 || axis >= x.rank()) node.broken("an axis is out of range");
    if (wanted[i] < 0 || wanted[i] > ops::kMaxExtent) node.broken("an extent is out of range");
    const int64_t more = wanted[i] - x[static_cast<int>(axis)];
    op->padsBegin[axis] = more / 2;  // towards zero
    op->padsEnd[axis] = more - more / 2;
  }
  node.noteShapeDependence();
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
