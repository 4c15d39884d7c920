// Operators that move elements, choose them, or give them another shape.
#include <algorithm>
#include <cmath>

#include "converter/onnx_export/node_writer.h"
#include "ops/concat.h"
#include "ops/depth_space.h"
#include "ops/expand.h"
#include "ops/gather.h"
#include "ops/index_fill.h"
#include "ops/pad.h"
#include "ops/relayout.h"
#include "ops/reshape.h"
#include "ops/resize.h"
#include "ops/scatter.h"
#include "ops/select.h"
#include "ops/shape_of.h"
#include "ops/slice.h"
#include "ops/split.h"
#include "ops/transpose.h"

namespace minnow::converter::exported {

void write(NodeWriter& w, const ops::Reshape& op) {
  Added y = w.add("Reshape", {w.x(0), w.parameter("shape", op.shape)});
  w.give(0, y.set("allowzero", int64_t{op.allowZero}));
}

void write(NodeWriter& w, const ops::Flatten& op) {
  w.give(0, w.add("Flatten", {w.x(0)}).set("axis", op.axis));
}

void write(NodeWriter& w, const ops::Squeeze& op) {
  w.give(0, w.add("Squeeze", {w.x(0), op.axes.empty() ? "" : w.row(op.axes)}));
}

void write(NodeWriter& w, const ops::Unsqueeze& op) {
  w.give(0, w.add("Unsqueeze", {w.x(0), w.row(op.axes)}));
}

void write(NodeWriter& w, const ops::Transpose& op) { w.give(0, w.transposed(w.x(0), op.perm)); }

/// Where a tensor lies is nothing that ONNX knows of.
void write(NodeWriter& w, const ops::Relayout&) { w.pass(0, w.x(0)); }

void write(NodeWriter& w, const ops::Slice& op) {
  w.give(0, w.add("Slice", {w.x(0), w.parameter("starts", op.starts), w.parameter("ends", op.ends),
                            w.parameter("axes", op.axes), w.parameter("steps", op.steps)}));
}

void write(NodeWriter& w, const ops::Concat& op) {
  std::vector<Name> parts;
  for (int i = 0; w.has(i); ++i) parts.push_back(w.x(i));
  w.give(0, w.add("Concat", parts).set("axis", op.axis));
}

void write(NodeWriter& w, const ops::Split& op) {
  const bool hasSizes = !op.sizes.empty();
  Added y = w.add("Split", {w.x(0), hasSizes ? w.parameter("sizes", op.sizes) : ""}, w.outputs());
  y.set("axis", op.axis);
  if (!hasSizes) y.set("num_outputs", op.parts);
  for (int i = 0; i < w.outputs(); ++i) w.give(i, y.output(i));
}

void write(NodeWriter& w, const ops::Pad& op) {
  static constexpr const char* kModes[] = {"constant", "reflect", "edge", "wrap"};
  std::vector<int64_t> pads = op.padsBegin;
  pads.insert(pads.end(), op.padsEnd.begin(), op.padsEnd.end());
  const bool isInRun = w.isSetInRun("padsBegin") || w.isSetInRun("padsEnd");
  const Name counts = isInRun ? Name(w.add("Concat", {w.parameter("padsBegin", op.padsBegin),
                                                      w.parameter("padsEnd", op.padsEnd)})
                                         .set("axis", int64_t{0}))
                              : w.row(pads);
  Added y = w.add("Pad", {w.x(0), counts, w.x(1)});
  w.give(0, y.set("mode", kModes[static_cast<size_t>(op.mode)]));
}

void write(NodeWriter& w, const ops::Expand& op) {
  w.give(0, w.add("Expand", {w.x(0), w.parameter("shape", op.shape)}));
}

void write(NodeWriter& w, const ops::Tile& op) {
  w.give(0, w.add("Tile", {w.x(0), w.parameter("repeats", op.repeats)}));
}

void write(NodeWriter& w, const ops::Gather& op) {
  w.give(0, w.add("Gather", {w.x(0), w.x(1)}).set("axis", op.axis));
}

void write(NodeWriter& w, const ops::GatherElements& op) {
  w.give(0, w.add("GatherElements", {w.x(0), w.x(1)}).set("axis", op.axis));
}

void write(NodeWriter& w, const ops::GatherNd& op) {
  w.give(0, w.add("GatherND", {w.x(0), w.x(1)}).set("batch_dims", op.batchAxes));
}

namespace {

constexpr const char* kReductions[] = {"none", "add", "mul", "max", "min"};

template <class Op>
const char* orderOf(const Op& op) {
  return op.order == ops::DepthOrder::DepthFirst ? "DCR" : "CRD";
}

}  // namespace

void write(NodeWriter& w, const ops::ScatterElements& op) {
  Added y = w.add("ScatterElements", {w.x(0), w.x(1), w.x(2)});
  w.give(0,
         y.set("axis", op.axis).set("reduction", kReductions[static_cast<size_t>(op.reduction)]));
}

void write(NodeWriter& w, const ops::ScatterNd& op) {
  Added y = w.add("ScatterND", {w.x(0), w.x(1), w.x(2)});
  w.give(0, y.set("reduction", kReductions[static_cast<size_t>(op.reduction)]));
}

void write(NodeWriter& w, const ops::DepthToSpace& op) {
  w.give(0, w.add("DepthToSpace", {w.x(0)}).set("blocksize", op.block).set("mode", orderOf(op)));
}

/// Before opset 28 there is one order.
void write(NodeWriter& w, const ops::SpaceToDepth& op) {
  if (op.order != ops::DepthOrder::DepthFirst) w.refuse("the order CRD of SpaceToDepth");
  w.give(0, w.add("SpaceToDepth", {w.x(0)}).set("blocksize", op.block));
}

void write(NodeWriter& w, const ops::TopK& op) {
  Added y = w.add("TopK", {w.x(0), w.parameter("k", std::array{op.k})}, 2);
  y.set("axis", op.axis).set("largest", int64_t{op.largest});
  for (int i = 0; i < 2; ++i) w.give(i, y.output(i));
}

void write(NodeWriter& w, const ops::NonZero&) { w.give(0, w.add("NonZero", {w.x(0)})); }

void write(NodeWriter& w, const ops::Compress& op) {
  Added y = w.add("Compress", {w.x(0), w.x(1)});
  if (!op.flat) y.set("axis", op.axis);
  w.give(0, y);
}

void write(NodeWriter& w, const ops::NonMaxSuppression& op) {
  const Name most = w.has(2) ? w.x(2) : w.integer(op.mostPerClass);
  const Name overlap = w.has(3) ? w.x(3) : w.number(op.iouThreshold);
  Name score = w.x(4);
  if (op.hasScoreThreshold) score = w.number(op.scoreThreshold);
  Added y = w.add("NonMaxSuppression", {w.x(0), w.x(1), most, overlap, score});
  w.give(0, y.set("center_point_box", int64_t{op.centred}));
}

void write(NodeWriter& w, const ops::Choose&) {
  Added y = w.add("If", {w.x(0)});
  w.give(0, y.setBranch("then_branch", w.x(1)).setBranch("else_branch", w.x(2)));
}

void write(NodeWriter& w, const ops::OneHot& op) {
  Added y = w.add("OneHot", {w.x(0), w.parameter("depth", std::array{op.depth}), w.x(1)});
  w.give(0, y.set("axis", op.axis));
}

void write(NodeWriter& w, const ops::Trilu& op) {
  const int64_t scalar[1] = {};
  const Name diagonal = w.isSetInRun("diagonal")
                            ? w.reshaped(w.parameter("diagonal", {}), std::span(scalar, 0))
                            : w.integer(op.diagonal);
  w.give(0, w.add("Trilu", {w.x(0), diagonal}).set("upper", int64_t{op.upper}));
}

void write(NodeWriter& w, const ops::ReverseSequence& op) {
  Added y = w.add("ReverseSequence", {w.x(0), w.x(1)});
  w.give(0, y.set("batch_axis", op.batchAxis).set("time_axis", op.timeAxis));
}

void write(NodeWriter& w, const ops::ShapeOf& op) {
  Added y = w.add("Shape", {w.x(0)});
  y.set("start", op.start);
  if (op.end <= kMaxRank) y.set("end", op.end);
  w.give(0, y);
}

namespace {

/// Up to opset 10 positions are rounded up along axes that shrink, and down along others.
const char* roundingOf(NodeWriter& w, const ops::Resize& op) {
  static constexpr const char* kNames[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                           "ceil"};
  if (op.rounding != ops::ResizeRounding::CeilToShrink)
    return kNames[static_cast<size_t>(op.rounding)];
  bool grows = false, shrinks = false;
  for (const float scale : op.scales) grows = grows || scale > 1, shrinks = shrinks || scale < 1;
  if (grows && shrinks) w.refuse("opset 10's rounding where one axis grows and one shrinks");
  return shrinks ? "ceil" : "floor";
}

/// The axes of which there is something to say: ONNX has no size that stays as it is. A region is one of
/// all axes.
std::vector<int64_t> axesOf(const ops::Resize& op) {
  std::vector<int64_t> axes;
  const bool bySizes = !op.sizes.empty();
  const size_t count = bySizes ? op.sizes.size() : op.scales.size();
  for (size_t axis = 0; axis < count; ++axis)
    if (!op.roi.empty() || (bySizes ? op.sizes[axis] >= 0 : op.scales[axis] != 1))
      axes.push_back(static_cast<int64_t>(axis));
  return axes;
}

template <class T>
std::vector<T> at(const std::vector<T>& values, const std::vector<int64_t>& axes, size_t from = 0) {
  std::vector<T> chosen;
  for (const int64_t axis : axes) chosen.push_back(values[from + static_cast<size_t>(axis)]);
  return chosen;
}

std::vector<int64_t> sizesAt(NodeWriter& w, const ops::Resize& op,
                             const std::vector<int64_t>& axes) {
  std::vector<int64_t> sizes = at(op.sizes, axes);
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] < 0) sizes[i] = w.fixedShape(0)[static_cast<int>(axes[i])];
  return sizes;
}

/// Sizes that keep_aspect_ratio_policy made of one scale: ONNX says either, not both.
void checkScales(NodeWriter& w, const ops::Resize& op) {
  if (op.sizes.empty() || op.scales.empty()) return;
  w.refuse("a size and a scale for one axis (keep_aspect_ratio_policy)");
}

}  // namespace

void write(NodeWriter& w, const ops::Resize& op) {
  static constexpr const char* kModes[] = {"nearest", "linear", "cubic"};
  static constexpr const char* kCoordinates[] = {
      "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
      "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"};
  for (const char* attribute : {"sizes", "scales", "roi"})
    if (w.isSetInRun(attribute))
      w.refuse("a Resize of which a run computes the sizes, written from a graph,");
  checkScales(w, op);
  const std::vector<int64_t> axes = axesOf(op);
  if (axes.empty()) return w.give(0, w.x(0));
  Name roi, scales, sizes;
  if (!op.roi.empty()) {
    std::vector<float> ends = at(op.roi, axes, op.roi.size() / 2), all = at(op.roi, axes);
    all.insert(all.end(), ends.begin(), ends.end());
    roi = w.numbers(all);
  }
  if (op.sizes.empty())
    scales = w.numbers(at(op.scales, axes));
  else
    sizes = w.row(sizesAt(w, op, axes));
  Added y = w.add("Resize", {w.x(0), roi, scales, sizes});
  y.set("mode", kModes[static_cast<size_t>(op.mode)]).set("axes", axes);
  y.set("coordinate_transformation_mode", kCoordinates[static_cast<size_t>(op.coordinates)]);
  if (op.mode == ops::ResizeMode::Nearest) y.set("nearest_mode", roundingOf(w, op));
  if (op.mode == ops::ResizeMode::Cubic) y.set("cubic_coeff_a", op.cubicA);
  y.set("antialias", int64_t{op.antialias}).set("exclude_outside", int64_t{op.excludeOutside});
  w.give(0, y.set("extrapolation_value", op.extrapolation));
}

}  // namespace minnow::converter::exported
