// Convolutions, poolings and what else slides a window.
#include "converter/onnx_export/node_writer.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/deform_conv.h"
#include "ops/grid.h"
#include "ops/max_unpool.h"
#include "ops/pool.h"
#include "ops/roi_align.h"

namespace minnow::converter::exported {
namespace {

std::vector<int64_t> padsOf(const auto& op) {
  std::vector<int64_t> pads = op.padsBegin;
  pads.insert(pads.end(), op.padsEnd.begin(), op.padsEnd.end());
  return pads;
}

}  // namespace

void write(NodeWriter& w, const ops::Conv& op) {
  Added y = w.add("Conv", {w.x(0), w.x(1), w.x(2)});
  w.setWindow(y, op).set("group", op.groups);
  w.give(0, w.apply(op.epilogue, y));
}

/// The window over the output says what is cut off, and where that is negative, what is added.
void write(NodeWriter& w, const ops::ConvTranspose& op) {
  const bool isCutToFit = op.autoPad != ops::AutoPad::None;
  const Shape& x = isCutToFit ? w.fixedShape(0) : w.type(0).shape;
  std::vector<int64_t> begin, end, added;
  for (int axis = 0; axis < x.rank() - 2; ++axis) {
    const ops::SlidingWindow window = op.along(axis, x[axis + 2]);
    begin.push_back(window.padBegin);
    end.push_back(std::max<int64_t>(window.padEnd, 0));
    added.push_back(std::max<int64_t>(-window.padEnd, 0));
  }
  begin.insert(begin.end(), end.begin(), end.end());
  Added y = w.add("ConvTranspose", {w.x(0), w.x(1), w.x(2)});
  y.set("kernel_shape", op.kernel).set("strides", op.strides).set("dilations", op.dilations);
  y.set("pads", begin).set("output_padding", added).set("group", op.groups);
  w.give(0, w.apply(op.epilogue, y));
}

void write(NodeWriter& w, const ops::DeformConv& op) {
  const Shape& weights = w.type(1).shape;
  Added y = w.add("DeformConv", {w.x(0), w.x(1), w.x(2), w.x(3), w.x(4)});
  y.set("kernel_shape", weights.dims().subspan(2)).set("strides", op.strides);
  y.set("dilations", op.dilations).set("pads", padsOf(op));
  y.set("group", op.groups).set("offset_group", op.offsetGroups);
  w.give(0, y);
}

void write(NodeWriter& w, const ops::Pool& op) {
  static constexpr const char* kWindowed[] = {"MaxPool", "AveragePool", "LpPool"};
  static constexpr const char* kGlobal[] = {"GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"};
  const auto fn = static_cast<size_t>(op.fn);
  Added y = w.add(op.global ? kGlobal[fn] : kWindowed[fn], {w.x(0)}, op.indices ? 2 : 1);
  if (op.fn == ops::PoolFn::Lp) y.set("p", op.p);
  if (!op.global) w.setWindow(y, op).set("ceil_mode", int64_t{op.ceilMode});
  if (!op.global && op.fn == ops::PoolFn::Average)
    y.set("count_include_pad", int64_t{op.countIncludePad});
  if (op.columnMajor) y.set("storage_order", int64_t{1});
  for (int i = 0; i < (op.indices ? 2 : 1); ++i) w.give(i, y.output(i));
}

void write(NodeWriter& w, const ops::MaxUnpool& op) {
  Added y =
      w.add("MaxUnpool", {w.x(0), w.x(1), op.outputShape.empty() ? "" : w.row(op.outputShape)});
  y.set("kernel_shape", op.kernel).set("strides", op.strides).set("pads", padsOf(op));
  w.give(0, y);
}

void write(NodeWriter& w, const ops::Col2Im& op) {
  Added y = w.add("Col2Im", {w.x(0), w.row(op.image), w.row(op.kernel)});
  y.set("strides", op.strides).set("dilations", op.dilations).set("pads", padsOf(op));
  w.give(0, y);
}

void write(NodeWriter& w, const ops::GridSample& op) {
  static constexpr const char* kModes[] = {"nearest", "linear", "cubic"};
  static constexpr const char* kPaddings[] = {"zeros", "border", "reflection"};
  Added y = w.add("GridSample", {w.x(0), w.x(1)});
  y.set("mode", kModes[static_cast<size_t>(op.mode)]);
  y.set("padding_mode", kPaddings[static_cast<size_t>(op.padding)]);
  w.give(0, y.set("align_corners", int64_t{op.alignCorners}));
}

void write(NodeWriter& w, const ops::AffineGrid& op) {
  Added y = w.add("AffineGrid", {w.x(0), w.row(op.size)});
  w.give(0, y.set("align_corners", int64_t{op.alignCorners}));
}

void write(NodeWriter& w, const ops::RoiAlign& op) {
  Added y = w.add("RoiAlign", {w.x(0), w.x(1), w.x(2)});
  y.set("mode", op.mode == ops::RoiAlignMode::Average ? "avg" : "max");
  y.set("coordinate_transformation_mode", op.halfPixel ? "half_pixel" : "output_half_pixel");
  y.set("output_height", op.outputHeight).set("output_width", op.outputWidth);
  w.give(0, y.set("sampling_ratio", op.samplingRatio).set("spatial_scale", op.spatialScale));
}

}  // namespace minnow::converter::exported
