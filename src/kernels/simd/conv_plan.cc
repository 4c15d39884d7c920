// Choosing how a convolution is computed.
#include "kernels/simd/conv_plan.h"

#include <algorithm>

#include "kernels/simd/conv_taps.h"
#include "kernels/simd/panel_run.h"

namespace minnow::kernels::simd {
namespace {

// Input of a block should stay in the second cache while panel after panel passes over it.
constexpr int64_t kBlockFloats = 40 * 1024;
// Copied rows cost memory: beyond this, pixels at the border are computed apart.
constexpr double kMostStagedFloats = 256 * 1024;
// Beyond this an input whose channels are not adjacent is left to the reference.
constexpr double kMostForcedFloats = 64 * 1024 * 1024;

bool isPointwise(const ConvPlan& plan) {
  return plan.kernelRows() == 1 && plan.kernelX == 1 && plan.strideZ == 1 && plan.strideY == 1 &&
         plan.strideX == 1 && plan.padFront == 0 && plan.padTop == 0 && plan.padLeft == 0 &&
         plan.y.width == plan.x.width && plan.y.height == plan.x.height &&
         plan.y.depth == plan.x.depth;
}

bool hasGaps(const Image& image) {
  return (image.height > 1 && image.rowStride != image.width * image.pixelStride) ||
         (image.depth > 1 && image.planeStride != image.height * image.width * image.pixelStride);
}

/// A 1x1 convolution of images without gaps is one of a single long row.
void mergeRows(ConvPlan& plan) {
  if (!isPointwise(plan) || !plan.x.channelsAdjacent() || hasGaps(plan.x) || hasGaps(plan.y))
    return;
  plan.endRow *= plan.y.depth;  // only of a single plane a part may be asked for
  for (Image* image : {&plan.x, &plan.y}) {
    image->width *= image->depth * image->height;
    image->depth = image->height = 1;
  }
  plan.firstPixel = plan.firstRow * plan.endPixel;
  plan.endPixel *= plan.endRow;
  plan.firstRow = 0;
  plan.endRow = 1;
}

bool touchesSidePadding(const ConvPlan& plan) {
  return plan.padLeft > 0 || plan.stagedPixels - plan.padLeft > plan.x.width;
}

/// Copies of the input rows under one output row. In double: with the padding that a file may ask
/// for, the product need not fit an integer.
double leastStagedFloats(const ConvPlan& plan) {
  return static_cast<double>(plan.kernelZ) * static_cast<double>(plan.inputRows(1)) *
         static_cast<double>(plan.stagedPixels) * static_cast<double>(plan.x.channels);
}

/// True if a row's pixels by taps, without those on padding, are clearly fewer than all of them: with
/// a dilation of 12 and 20 pixels 36 of 60. A short stretch takes as long as kLeast pixels.
bool paysToLeaveOut(const ConvPlan& plan) {
  constexpr int64_t kLeast = 4, kMostTaps = 32;
  if (!plan.leavesOutPadding || plan.kernelX > kMostTaps) return false;
  int64_t computed = 0;
  for (int64_t begin = 0; begin < plan.y.width;) {
    const Stretch s = stretchAt(plan, begin, plan.y.width);
    for (int64_t kx = 0; kx < plan.kernelX; ++kx)
      if (plan.hasColumn(plan.inputColumn(begin, kx)))
        computed += std::max(s.end - s.begin, kLeast);
    begin = s.end;
  }
  return computed < plan.y.width * plan.kernelX * 9 / 10;
}

/// Pixels that lie so far apart share the sets of a first cache (32 KB, 8 ways): of the 14 of a tile
/// six would be gone before the next step reads beside them. From 1024 channels to 256 a core reached
/// 89 % of its peak so, from 2048 to 512 80 %, with a stride of 2 from 512 channels 73 %.
bool shareSets(int64_t floats) { return floats % 1024 == 0; }

/// True if a pointwise convolution had better copy its pixels, so many panels read them.
bool paysToSpread(const ConvPlan& plan) {
  return plan.kernelRows() == 1 && plan.kernelX == 1 && plan.groups == 1 && plan.padTop == 0 &&
         !touchesSidePadding(plan) && shareSets(plan.strideX * plan.x.pixelStride) &&
         plan.panels.outputs >= 4 * kPanel;
}

void chooseStaging(ConvPlan& plan) {
  plan.stagedStep = plan.x.channels +
                    (shareSets(plan.strideX * plan.x.channels) && plan.kernelX == 1 ? kPanel : 0);
  plan.stagedPixels = plan.columnsUnder(plan.y.width);
  plan.feasible = plan.x.channelsAdjacent() || leastStagedFloats(plan) <= kMostForcedFloats;
  if (!plan.feasible) return;
  const bool mergeable = plan.kernelX > 1 && plan.dilationX == 1 && plan.groups == 1;
  const bool adjacent = plan.x.channelsAdjacent();
  const bool dense = adjacent && plan.x.pixelStride == plan.x.channels;
  const double leastFloats = leastStagedFloats(plan);
  plan.staged = !adjacent;
  if (leastFloats <= kMostStagedFloats)
    plan.staged |= (touchesSidePadding(plan) && !paysToLeaveOut(plan)) ||
                   (mergeable && !dense && plan.x.channels < 16) || paysToSpread(plan);
  plan.mergedTaps =
      mergeable && (plan.staged || dense) && (plan.staged || !touchesSidePadding(plan));
}

/// True if the weights of all panels are more than what all panels read of the input for a row.
/// Then, where the second cache holds no row's input, every panel had better pass over all rows.
bool weightsOutweighRow(const ConvPlan& plan) { return plan.y.width < kPanel * plan.kernelX; }

/// Weights of float16 are widened for each block: of a row of 7 pixels that took as long as computing.
int64_t leastRows(const ConvPlan& plan) {
  constexpr int64_t kLeastPixels = 56;
  return plan.widenedFloats > 0 ? (kLeastPixels + plan.y.width - 1) / plan.y.width : 1;
}

void chooseBlocks(ConvPlan& plan) {
  plan.pixelsPerBlock = plan.y.width;
  const int64_t rowFloats =
      std::max<int64_t>(1, (plan.staged ? plan.stagedPixels : plan.x.width) * plan.x.channels);
  const int64_t rowsThatFit =
      kBlockFloats / plan.kernelZ / rowFloats - (plan.kernelY - 1) * plan.dilationY;
  const int64_t rows = std::max<int64_t>(1, plan.endRow - plan.firstRow);
  plan.rowsPerBlock = std::clamp(rowsThatFit / plan.strideY, std::min(leastRows(plan), rows), rows);
  if (!plan.staged && rowsThatFit < 1 && weightsOutweighRow(plan)) plan.rowsPerBlock = rows;
  if (plan.rowsPerBlock > 1 || (plan.staged && !isPointwise(plan))) return;
  const int64_t pixelsThatFit =
      kBlockFloats / std::max<int64_t>(1, plan.x.channels * plan.strideX * plan.kernelRows());
  const int64_t blocks = plan.y.width / std::max<int64_t>(plan.staged ? 28 : 56, pixelsThatFit) + 1;
  plan.pixelsPerBlock = (plan.y.width + blocks - 1) / blocks;
  if (plan.staged) plan.stagedPixels = plan.pixelsPerBlock;
}

}  // namespace

Image::Image(const TensorView& view) {
  const int rank = view.shape.rank();
  batch = view.shape[0];
  channels = view.shape[1];
  width = view.shape[rank - 1];
  batchStride = view.strides[0];
  channelStride = view.strides[1];
  pixelStride = view.strides[rank - 1];
  if (rank < 4) return;
  height = view.shape[rank - 2];
  rowStride = view.strides[rank - 2];
  if (rank < 5) return;
  depth = view.shape[2];
  planeStride = view.strides[2];
}

ConvPlan convGeometry(const ops::Conv& conv, const TensorView& x, const TensorView& weights,
                      const TensorView& y, const OutputRows& rows) {
  ConvPlan plan;
  plan.x = Image(x);
  plan.y = Image(y);
  const int last = static_cast<int>(conv.kernel.size()) - 1;
  const ops::SlidingWindow columns = conv.along(last, plan.x.width);
  plan.kernelX = columns.kernel;
  plan.strideX = columns.stride;
  plan.dilationX = columns.dilation;
  plan.padLeft = columns.padBegin;
  const ops::SlidingWindow rowsWindow =
      last > 0 ? conv.along(last - 1, plan.x.height) : ops::SlidingWindow{};
  plan.kernelY = rowsWindow.kernel;
  plan.strideY = rowsWindow.stride;
  plan.dilationY = rowsWindow.dilation;
  plan.padTop = rowsWindow.padBegin;
  const ops::SlidingWindow planes = last > 1 ? conv.along(0, plan.x.depth) : ops::SlidingWindow{};
  plan.kernelZ = planes.kernel;
  plan.strideZ = planes.stride;
  plan.dilationZ = planes.dilation;
  plan.padFront = planes.padBegin;
  plan.groups = conv.groups;
  plan.leavesOutPadding = conv.leavesOutPadding;
  const OutputRows asked = rows.within(plan.y.height);
  plan.firstRow = asked.begin;
  plan.endRow = asked.end;
  plan.endPixel = plan.y.width;
  plan.panels = panelShape(conv, weights);
  plan.widenedFloats = PanelWeights(weights).roomFloats(plan.panels);
  return plan;
}

ConvPlan planConv(const ops::Conv& conv, const TensorView& x, const TensorView& weights,
                  const TensorView& y, const OutputRows& rows) {
  ConvPlan plan = convGeometry(conv, x, weights, y, rows);
  mergeRows(plan);
  chooseStaging(plan);
  if (plan.feasible) chooseBlocks(plan);
  return plan;
}

}  // namespace minnow::kernels::simd
