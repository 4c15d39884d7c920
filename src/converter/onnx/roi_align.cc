// RoiAlign: coordinate_transformation_mode came with opset 16; before, nothing was shifted.
#include "ops/roi_align.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {

void importRoiAlign(NodeContext& node) {
  auto op = std::make_unique<ops::RoiAlign>();
  const std::string mode = node.string("mode", "avg");
  if (mode != "avg" && mode != "max") node.broken("mode '" + mode + "' is unknown");
  op->mode = mode == "avg" ? ops::RoiAlignMode::Average : ops::RoiAlignMode::Max;
  const std::string otherwise = node.opset() >= 16 ? "half_pixel" : "output_half_pixel";
  op->halfPixel = node.string("coordinate_transformation_mode", otherwise) == "half_pixel";
  op->outputHeight = node.integer("output_height", 1);
  op->outputWidth = node.integer("output_width", 1);
  op->samplingRatio = node.integer("sampling_ratio", 0);
  op->spatialScale = node.number("spatial_scale", 1.0f);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1), node.input(2)}));
}

}  // namespace minnow::converter
