// Resize (scales alone in opset 10; roi, scales, sizes as inputs from 11; axes and
// keep_aspect_ratio_policy from 18) and Upsample (scales as attribute in 7, input in 9).
#include "ops/resize.h"

#include <cmath>

#include "converter/onnx/node_context.h"

namespace minnow::converter {
namespace {

ops::ResizeMode resizeMode(const NodeContext& node) {
  const std::string mode = node.string("mode", "nearest");
  if (mode == "nearest") return ops::ResizeMode::Nearest;
  if (mode == "linear" || mode == "bilinear") return ops::ResizeMode::Linear;
  if (mode == "cubic") return ops::ResizeMode::Cubic;
  node.unsupported("mode '" + mode + "'");
}

ops::ResizeCoordinates coordinatesOf(const NodeContext& node) {
  static constexpr const char* kNames[] = {
      "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
      "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"};
  const std::string name = node.string("coordinate_transformation_mode", "half_pixel");
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (name == kNames[i]) return static_cast<ops::ResizeCoordinates>(i);
  node.unsupported("coordinate_transformation_mode '" + name + "'");
}

ops::ResizeRounding roundingOf(const NodeContext& node) {
  static constexpr const char* kNames[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                           "ceil"};
  const std::string name = node.string("nearest_mode", "round_prefer_floor");
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (name == kNames[i]) return static_cast<ops::ResizeRounding>(i);
  node.unsupported("nearest_mode '" + name + "'");
}

std::vector<int> resizedAxes(const NodeContext& node) {
  const int rank = node.rank(0);
  std::vector<int> axes;
  for (int64_t axis : node.integers("axes")) {
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) node.broken("an axis is out of range");
    axes.push_back(static_cast<int>(axis));
  }
  if (axes.empty())
    for (int i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

/// Where the numbers of the named axes stand in a row of them, -1 for the other axes.
std::vector<int64_t> placesOf(const NodeContext& node, const std::vector<int>& axes, int row) {
  if (node.typeOf(node.input(row)).shape.elements() != std::ssize(axes))
    node.broken("expected " + std::to_string(axes.size()) + " numbers, one an axis");
  std::vector<int64_t> places(static_cast<size_t>(node.rank(0)), -1);
  for (size_t i = 0; i < axes.size(); ++i)
    places[static_cast<size_t>(axes[i])] = static_cast<int64_t>(i);
  return places;
}

/// Numbers of the named axes, `otherwise` for the rest.
std::vector<float> spread(const NodeContext& node, const std::vector<int>& axes,
                          const std::vector<float>& given, float otherwise) {
  std::vector<float> all(node.rank(0), otherwise);
  for (size_t i = 0; i < axes.size(); ++i) all[axes[i]] = given[i];
  return all;
}

std::vector<float> readRoi(const NodeContext& node, const std::vector<int>& axes) {
  const std::vector<float> given = node.constantFloats(1);
  if (given.size() != 2 * axes.size()) node.broken("the region of interest does not fit the axes");
  const auto middle = given.begin() + static_cast<std::ptrdiff_t>(axes.size());
  std::vector<float> roi = spread(node, axes, std::vector<float>(given.begin(), middle), 0.0f);
  const auto ends = spread(node, axes, std::vector<float>(middle, given.end()), 1.0f);
  roi.insert(roi.end(), ends.begin(), ends.end());
  return roi;
}

/// keep_aspect_ratio_policy: one scale for all axes, the smallest or the largest that `sizes` ask.
void keepAspectRatio(NodeContext& node, const std::vector<int>& axes, bool larger,
                     ops::Resize& op) {
  const Shape& x = node.shape(0);
  const std::vector<int64_t> sizes = node.constantInts(3);
  if (sizes.size() != axes.size()) node.broken("sizes and axes do not fit together");
  double scale = larger ? 0 : INFINITY;
  for (size_t i = 0; i < axes.size(); ++i) {
    const double ratio = static_cast<double>(sizes[i]) / static_cast<double>(x[axes[i]]);
    scale = larger ? std::max(scale, ratio) : std::min(scale, ratio);
  }
  op.scales.assign(x.rank(), 1.0f);
  op.sizes.assign(x.rank(), -1);
  for (int axis : axes) {
    op.scales[axis] = static_cast<float>(scale);
    op.sizes[axis] = static_cast<int64_t>(scale * static_cast<double>(x[axis]) + 0.5);
  }
  node.noteShapeDependence();
}

bool given(const NodeContext& node, int i) {
  return node.hasInput(i) && node.shape(i).elements() > 0;
}

void readResize(NodeContext& node, ops::Resize& op) {
  op.coordinates = coordinatesOf(node);
  op.rounding = roundingOf(node);
  op.cubicA = node.number("cubic_coeff_a", -0.75f);
  op.extrapolation = node.number("extrapolation_value", 0);
  op.excludeOutside = node.integer("exclude_outside", 0) != 0;
  op.antialias = node.integer("antialias", 0) != 0;
  const std::vector<int> axes = resizedAxes(node);
  if (op.coordinates == ops::ResizeCoordinates::TfCropAndResize) op.roi = readRoi(node, axes);
  if (given(node, 2)) {
    op.scales = node.settingFloats(
        op, "scales", node.spread(node.input(2), placesOf(node, axes, 2), 1), "input 2");
    return;
  }
  if (!given(node, 3)) node.broken("neither scales nor sizes are given");
  const std::string policy = node.string("keep_aspect_ratio_policy", "stretch");
  if (policy == "not_larger" || policy == "not_smaller")
    return keepAspectRatio(node, axes, policy == "not_smaller", op);
  if (policy != "stretch") node.unsupported("keep_aspect_ratio_policy '" + policy + "'");
  op.sizes = node.settingInts(op, "sizes", node.spread(node.input(3), placesOf(node, axes, 3), -1),
                              "input 3");
}

}  // namespace

void importResize(NodeContext& node) {
  auto op = std::make_unique<ops::Resize>();
  op->mode = resizeMode(node);
  if (node.type() == "Upsample" || node.opset() < 11) {
    op->coordinates = ops::ResizeCoordinates::Asymmetric;
    op->rounding = ops::ResizeRounding::CeilToShrink;
    op->scales = node.has("scales") ? node.numbers("scales")
                                    : node.settingFloats(*op, "scales", node.input(1), "input 1");
  } else {
    readResize(node, *op);
  }
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
