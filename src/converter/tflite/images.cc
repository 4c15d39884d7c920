// Operators on images that are no convolutions: pooling, resizing, blocks of pixels, normalisation across channels.
#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "converter/tflite/images.h"
#include "converter/tflite/operator.h"
#include "ops/depth_space.h"
#include "ops/lrn.h"
#include "ops/pool.h"
#include "ops/resize.h"

namespace minnow::converter {

using ops::BinaryFn;
using ops::UnaryFn;

/// Taps on padding do not count.
std::unique_ptr<ops::Pool> poolOf(TfliteOperator& op) {
  const auto& options = op.options<tfl::Pool2DOptions>();
  auto pool = std::make_unique<ops::Pool>();
  pool->fn = op.type() == "MAX_POOL_2D" ? ops::PoolFn::Max : ops::PoolFn::Average;
  pool->kernel = {options.filter_height(), options.filter_width()};
  pool->strides = {options.stride_h(), options.stride_w()};
  pool->dilations = {1, 1};
  pool->padsBegin = pool->padsEnd = {0, 0};
  const bool same = options.padding() == tfl::Padding::Same;
  pool->autoPad = same ? ops::AutoPad::SameUpper : ops::AutoPad::None;
  return pool;
}

/// L2_POOL_2D is the root of the mean square.
void importPool(TfliteOperator& op) {
  const bool isL2 = op.type() == "L2_POOL_2D";
  std::unique_ptr<ops::Pool> pool = poolOf(op);
  ir::ValueId x = op.image(0);
  if (isL2) x = op.compose()(BinaryFn::Mul, x, x);
  ir::ValueId y = op.emit(std::move(pool), {x});
  if (isL2) y = op.compose()(UnaryFn::Sqrt, y);
  op.set(0, y, op.options<tfl::Pool2DOptions>().activation(), Axes::ChannelsFirst);
}

// Resizing ----------------------------------------------------------------------------------------

namespace {

template <class Options>
ops::Resize resizeOf(TfliteOperator& op, const Options& options) {
  if (options.align_corners() && options.half_pixel_centers())
    op.unsupported("align_corners with half_pixel_centers");
  const std::vector<int64_t> size = op.ints(1);
  if (size.size() != 2) op.broken("the size is not two numbers");
  for (int64_t extent : size)  // beyond that float32 has no positions
    if (extent < 1 || extent > 1 << 24) op.unsupported(text("a size of ", extent));
  ops::Resize resize;
  resize.sizes = {-1, -1, size[0], size[1]};
  resize.coordinates = options.align_corners()        ? ops::ResizeCoordinates::AlignCorners
                       : options.half_pixel_centers() ? ops::ResizeCoordinates::HalfPixel
                                                      : ops::ResizeCoordinates::Asymmetric;
  return resize;
}

/// Which pixel each output takes along an axis: TFLite multiplies in float32, where an exact quotient may be just below
/// a whole number.
template <class Options>
std::vector<int64_t> nearestPixels(const Options& options, int64_t in, int64_t out) {
  const bool corners = options.align_corners() && out > 1;
  const float scale =
      static_cast<float>(corners ? in - 1 : in) / static_cast<float>(corners ? out - 1 : out);
  const float offset = options.half_pixel_centers() ? 0.5F : 0.0F;
  std::vector<int64_t> pixels;
  for (int64_t i = 0; i < out; ++i) {
    const float at = (static_cast<float>(i) + offset) * scale;
    const auto pixel =
        static_cast<int64_t>(options.align_corners() ? std::round(at) : std::floor(at));
    pixels.push_back(std::clamp<int64_t>(pixel, 0, in - 1));
  }
  return pixels;
}

std::vector<int64_t> pixelsOf(const ops::Resize& resize, int axis, int64_t in, int64_t out) {
  const ops::ResizeAxis along(resize, axis, in, out);
  std::vector<int64_t> pixels;
  for (int64_t i = 0; i < out; ++i) {
    int64_t pixel = i;
    float weight = 1;
    if (!along.kept()) along.sample(i, {&pixel, 1}, {&weight, 1});
    pixels.push_back(pixel);
  }
  return pixels;
}

}  // namespace

ops::Resize bilinearOf(TfliteOperator& op) {
  ops::Resize resize = resizeOf(op, op.options<tfl::ResizeBilinearOptions>());
  resize.mode = ops::ResizeMode::Linear;
  return resize;
}

void importResizeBilinear(TfliteOperator& op) {
  const ir::ValueId x = op.image(0);
  op.set(0, op.emit(std::make_unique<ops::Resize>(bilinearOf(op)), {x}), Axes::ChannelsFirst);
}

void importResizeNearest(TfliteOperator& op) {
  const auto& options = op.options<tfl::ResizeNearestNeighborOptions>();
  ir::ValueId y = op.image(0);
  ops::Resize resize = resizeOf(op, options);
  resize.mode = ops::ResizeMode::Nearest;
  resize.rounding =
      options.align_corners() ? ops::ResizeRounding::PreferCeil : ops::ResizeRounding::Floor;
  const Shape in = op.shape(0);
  const std::vector<int64_t> sizes = resize.sizes;
  auto made = std::make_unique<ops::Resize>(std::move(resize));
  const ops::Resize& asked = *made;
  std::vector<int64_t> rows, columns;
  bool same = true;
  if (const auto ok = asked.inferShape(std::span(&op.context().typeOf(y), 1)); !ok)
    op.broken(ok.error().message);
  for (int axis : {2, 3}) {
    auto& pixels = axis == 2 ? rows : columns;
    pixels = nearestPixels(options, in[axis - 1], sizes[static_cast<size_t>(axis)]);
    same = same && pixels == pixelsOf(asked, axis, in[axis - 1], sizes[static_cast<size_t>(axis)]);
  }
  if (same) return op.set(0, op.emit(std::move(made), {y}), Axes::ChannelsFirst);
  op.assumeShape(0);
  y = op.compose().gather(y, op.context().constantIntRow(rows), 2);
  op.set(0, op.compose().gather(y, op.context().constantIntRow(columns), 3), Axes::ChannelsFirst);
}

// Blocks, channels --------------------------------------------------------------------------------

void importDepthToSpace(TfliteOperator& op) {
  auto made = std::make_unique<ops::DepthToSpace>();
  made->block = op.options<tfl::DepthToSpaceOptions>().block_size();
  op.set(0, op.emit(std::move(made), {op.image(0)}), Axes::ChannelsFirst);
}

void importSpaceToDepth(TfliteOperator& op) {
  auto made = std::make_unique<ops::SpaceToDepth>();
  made->block = op.options<tfl::SpaceToDepthOptions>().block_size();
  op.set(0, op.emit(std::move(made), {op.image(0)}), Axes::ChannelsFirst);
}

/// TFLite's alpha is not divided by the number of channels.
void importLrn(TfliteOperator& op) {
  const auto& options = op.options<tfl::LocalResponseNormalizationOptions>();
  if (options.radius() < 0 || options.radius() > 1 << 20) op.broken("the radius is out of range");
  auto lrn = std::make_unique<ops::Lrn>();
  lrn->size = 2 * int64_t{options.radius()} + 1;
  lrn->alpha = options.alpha() * static_cast<float>(lrn->size);
  lrn->beta = options.beta();
  lrn->bias = options.bias();
  op.set(0, op.emit(std::move(lrn), {op.image(0)}), Axes::ChannelsFirst);
}

/// Along the channels; norms below 1e-6 count as that.
void importL2Normalization(TfliteOperator& op) {
  const Axes axes = op.axesOf({0});
  const int64_t channels = TfliteOperator::place(op.axisOf(-1, op.rank(0)), axes);
  const ir::ValueId x = op.in(0, axes);
  const Composer c = op.compose();
  const ir::ValueId norm =
      c(BinaryFn::Max, c.reduce(ops::ReduceFn::L2, x, channels), c.number(1e-6F));
  op.set(0, c(BinaryFn::Div, x, norm), op.options<tfl::L2NormOptions>().activation(), axes);
}

}  // namespace minnow::converter
