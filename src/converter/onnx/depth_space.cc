// DepthToSpace (mode from opset 11), SpaceToDepth (mode from opset 28), CenterCropPad.
#include "ops/depth_space.h"

#include "converter/onnx/compose.h"
#include "ops/pad.h"
#include "ops/shape_of.h"

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
  std::vector<int64_t> axes = node.integers("axes");
  if (!node.has("axes"))
    for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  if (node.typeOf(node.input(1)).shape.elements() != std::ssize(axes))
    node.broken("shape and axes do not fit together");
  std::vector<int64_t> places(static_cast<size_t>(x.rank()), -1);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] < 0) axes[i] += x.rank();
    if (axes[i] < 0 || axes[i] >= x.rank()) node.broken("an axis is out of range");
    places[static_cast<size_t>(axes[i])] = static_cast<int64_t>(i);
  }
  const Composer c(node);
  const ir::ValueId wanted = c.reshape(c.cast(node.input(1), DataType::Int64), {-1});
  const ir::ValueId extents = node.emit(std::make_unique<ops::ShapeOf>(), {node.input(0)});
  const ir::ValueId more =
      c(ops::BinaryFn::Sub, wanted, c.gather(extents, node.constantIntRow(axes), 0));
  const ir::ValueId begin = c(ops::BinaryFn::Div, more, c.integer(2));  // towards zero
  const ir::ValueId end = c(ops::BinaryFn::Sub, more, begin);
  auto op = std::make_unique<ops::Pad>();
  op->padsBegin = node.settingInts(*op, "padsBegin", node.spread(begin, places, 0), "input 1");
  op->padsEnd = node.settingInts(*op, "padsEnd", node.spread(end, places, 0), "input 1");
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
