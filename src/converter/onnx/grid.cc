// GridSample (modes renamed in opset 20), AffineGrid, Col2Im.
#include "ops/grid.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {
namespace {

ops::ResizeMode gridMode(const NodeContext& node) {
  const std::string mode = node.string("mode", "linear");
  if (mode == "linear" || mode == "bilinear") return ops::ResizeMode::Linear;
  if (mode == "nearest") return ops::ResizeMode::Nearest;
  if (mode == "cubic" || mode == "bicubic") return ops::ResizeMode::Cubic;
  node.unsupported("mode '" + mode + "'");
}

ops::GridPadding paddingOf(const NodeContext& node) {
  const std::string padding = node.string("padding_mode", "zeros");
  if (padding == "zeros") return ops::GridPadding::Zeros;
  if (padding == "border") return ops::GridPadding::Border;
  if (padding == "reflection") return ops::GridPadding::Reflection;
  node.unsupported("padding_mode '" + padding + "'");
}

}  // namespace

void importGridSample(NodeContext& node) {
  auto op = std::make_unique<ops::GridSample>();
  op->mode = gridMode(node);
  op->padding = paddingOf(node);
  op->alignCorners = node.integer("align_corners", 0) != 0;
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1)}));
}

void importAffineGrid(NodeContext& node) {
  auto op = std::make_unique<ops::AffineGrid>();
  op->size = node.settingInts(*op, "size", 1);
  op->alignCorners = node.integer("align_corners", 0) != 0;
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importCol2Im(NodeContext& node) {
  auto op = std::make_unique<ops::Col2Im>();
  op->image = node.settingInts(*op, "image", 1);
  op->kernel = node.constantInts(2);
  const size_t spatial = op->image.size();
  op->strides = node.integers("strides", std::vector<int64_t>(spatial, 1));
  op->dilations = node.integers("dilations", std::vector<int64_t>(spatial, 1));
  const std::vector<int64_t> pads = node.integers("pads", std::vector<int64_t>(2 * spatial, 0));
  if (pads.size() != 2 * spatial) node.broken("pads do not fit the image");
  const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(spatial);
  op->padsBegin.assign(pads.begin(), middle);
  op->padsEnd.assign(middle, pads.end());
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
