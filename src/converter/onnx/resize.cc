// Resize (scales alone in opset 10; roi, scales, sizes as inputs from 11; axes and
// keep_aspect_ratio_policy from 18) and Upsample (scales as attribute in 7, input in 9).
#include "ops/resize.h"

#include "converter/onnx/compose.h"
#include "ops/shape_of.h"

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

/// Input `row` has a number for each of the axes, and something is known of it.
void expectRow(const NodeContext& node, const std::vector<int>& axes, int row) {
  if (node.typeOf(node.input(row)).shape.elements() != std::ssize(axes))
    node.broken("expected " + std::to_string(axes.size()) + " numbers, one an axis");
  node.expectBounded(row);
}

/// Where the numbers of the named axes stand in a row of them, -1 for the other axes.
std::vector<int64_t> placesOf(const NodeContext& node, const std::vector<int>& axes) {
  std::vector<int64_t> places(static_cast<size_t>(node.rank(0)), -1);
  for (size_t i = 0; i < axes.size(); ++i)
    places[static_cast<size_t>(axes[i])] = static_cast<int64_t>(i);
  return places;
}

/// Starts of the axes' regions, then their ends: an axis that is not named is there in whole.
std::vector<float> readRoi(NodeContext& node, const std::vector<int>& axes, const ops::Resize& op) {
  const auto count = std::ssize(axes);
  if (node.typeOf(node.input(1)).shape.elements() != 2 * count)
    node.broken("the region of interest does not fit the axes");
  std::vector<int64_t> places = placesOf(node, axes);
  const ir::ValueId starts = node.spread(node.input(1), places, 0);
  for (int64_t& place : places)
    if (place >= 0) place += count;
  const ir::ValueId ends = node.spread(node.input(1), places, 1);
  return node.settingFloats(op, "roi", Composer(node).concat({starts, ends}, 0), "input 1");
}

/// keep_aspect_ratio_policy: one scale for all axes, the smallest or the largest that `sizes` ask.
void keepAspectRatio(NodeContext& node, const std::vector<int>& axes, bool larger,
                     ops::Resize& op) {
  const Composer c(node);
  const auto wide = [&](ir::ValueId x) { return c.cast(x, DataType::Float64); };
  const ir::ValueId named = node.constantIntRow({axes.begin(), axes.end()});
  const ir::ValueId shape = node.emit(std::make_unique<ops::ShapeOf>(), {node.input(0)});
  const ir::ValueId extents = wide(c.gather(shape, named, 0));
  const ir::ValueId ratios = c(ops::BinaryFn::Div, wide(c.reshape(node.input(3), {-1})),
                               c(ops::BinaryFn::Max, extents, c.number(1, DataType::Float64)));
  const ir::ValueId scale = c.reduce(larger ? ops::ReduceFn::Max : ops::ReduceFn::Min, ratios, 0);
  const ir::ValueId sizes = c(ops::BinaryFn::Add, c(ops::BinaryFn::Mul, scale, extents),
                              c.number(0.5F, DataType::Float64));
  const ir::ValueId scales = c.expand(c.cast(scale, DataType::Float32), {std::ssize(axes)});
  const std::vector<int64_t> places = placesOf(node, axes);
  op.scales = node.settingFloats(op, "scales", node.spread(scales, places, 1), "input 3");
  op.sizes = node.settingInts(op, "sizes", node.spread(c.cast(sizes, DataType::Int64), places, -1),
                              "input 3");
}

/// -1 is not what the model says of an axis that stays: one that a run computes becomes -2.
ir::ValueId sizesOf(NodeContext& node) {
  const ir::ValueId sizes = node.input(3);
  if (node.isConstant(sizes)) return sizes;
  const Composer c(node);
  const DataType type = node.typeOf(sizes).type;
  const ir::ValueId negative = c(ops::BinaryFn::Less, sizes, c.cast(c.integer(0), type));
  return c(ops::BinaryFn::Sub, sizes, c.cast(negative, type));
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
  if (op.coordinates == ops::ResizeCoordinates::TfCropAndResize) op.roi = readRoi(node, axes, op);
  if (given(node, 2)) {
    expectRow(node, axes, 2);
    op.scales = node.settingFloats(op, "scales",
                                   node.spread(node.input(2), placesOf(node, axes), 1), "input 2");
    return;
  }
  if (!given(node, 3)) node.broken("neither scales nor sizes are given");
  expectRow(node, axes, 3);
  const std::string policy = node.string("keep_aspect_ratio_policy", "stretch");
  if (policy == "not_larger" || policy == "not_smaller")
    return keepAspectRatio(node, axes, policy == "not_smaller", op);
  if (policy != "stretch") node.unsupported("keep_aspect_ratio_policy '" + policy + "'");
  op.sizes = node.settingInts(op, "sizes", node.spread(sizesOf(node), placesOf(node, axes), -1),
                              "input 3");
}

}  // namespace

void importResize(NodeContext& node) {
  auto op = std::make_unique<ops::Resize>();
  op->mode = resizeMode(node);
  if (op->mode != ops::ResizeMode::Nearest && elementSize(node.typeOf(node.input(0)).type) == 1)
    node.unsupported("interpolation of 8 bits by ONNX Runtime's rule");
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
