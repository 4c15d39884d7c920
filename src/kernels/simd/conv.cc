// Convolution by panels: cuts the output into blocks of rows and panels, finds for every stretch of
// an output row where its taps read, and lets the microkernel do the arithmetic.
#include "kernels/simd/conv.h"

#include <algorithm>
#include <cstring>

#include "kernels/simd/conv_plan.h"
#include "kernels/simd/conv_taps.h"
#include "kernels/simd/panel_run.h"
#include "kernels/simd/scratch.h"

namespace minnow::kernels::simd {
namespace {

class Block {
 public:
  Block(const ConvPlan& plan, const float* image, std::byte* scratch)
      : plan_(plan), image_(image), taps_(reinterpret_cast<TapRun*>(scratch)) {
    float* floats = reinterpret_cast<float*>(scratch + tapBytes(plan));
    zeros_ = floats;
    std::fill_n(floats, plan.run(), 0.0f);
    widened_ = floats + PanelShape::roundUp(plan.run(), 16);
    staged_ = widened_ + plan.widenedFloats;
  }

  static size_t tapBytes(const ConvPlan& plan) {
    return base::alignUp(static_cast<size_t>(plan.taps()) * sizeof(TapRun));
  }
  static size_t scratchBytes(const ConvPlan& plan) {
    return tapBytes(plan) + static_cast<size_t>(PanelShape::roundUp(plan.run(), 16) +
                                                plan.widenedFloats + plan.stagedFloats()) *
                                sizeof(float);
  }

  /// Room for weights.
  float* widened() const { return widened_; }

  /// Makes the input of rows [first, end) of an output plane readable, under pixels [pixel,
  /// endPixel) and no others: of a strip the rest does not exist.
  void open(int64_t plane, int64_t first, int64_t end, int64_t pixel, int64_t endPixel) {
    first_ = {plane, first};
    firstPixel_ = pixel;
    stagedPixels_ = plan_.columnsUnder(endPixel - pixel);
    if (!plan_.staged) return;
    stagedRows_ = plan_.inputRows(end - first);
    for (int64_t i = 0; i < plan_.kernelZ * stagedRows_; ++i) {
      RowIndex in = plan_.inputRow(first_, i / stagedRows_ * plan_.kernelY);
      in.row += i % stagedRows_;
      stageRow(in, staged_ + i * stagedPixels_ * plan_.stagedStep);
    }
  }

  /// The stretch of output row pixels that begins at `begin`.
  Stretch stretch(int64_t begin, int64_t end) const {
    if (plan_.staged) return {begin, end};
    return stretchAt(plan_, begin, end);
  }

  /// Where group `group` of a row of the plane reads, pixel 0 being the stretch's first.
  Reduction reduction(int64_t row, const Stretch& stretch, int64_t group) {
    TapRun* end = taps_;
    const int64_t columns = plan_.mergedTaps ? 1 : plan_.kernelX;
    for (int64_t k = 0; k < plan_.kernelRows(); ++k) {
      const RowIndex in = plan_.inputRow({first_.plane, row}, k);
      for (int64_t kx = 0; kx < columns; ++kx) {
        if (plan_.leavesOutPadding && isPadding(in, plan_.inputColumn(stretch.begin, kx))) continue;
        *end = plan_.staged ? stagedTap(row, k, kx, stretch.begin, group)
                            : directTap(in, kx, stretch.begin, group);
        end++->depth = (k * columns + kx) * plan_.run();
      }
    }
    return {taps_, end - taps_, plan_.run()};
  }

 private:
  void stageRow(const RowIndex& in, float* to) const {
    const Image& x = plan_.x;
    const int64_t step = plan_.stagedStep;
    if (!plan_.hasRow(in)) {
      std::fill_n(to, stagedPixels_ * step, 0.0f);
      return;
    }
    const int64_t column = plan_.inputColumn(firstPixel_, 0);
    const int64_t left = std::clamp<int64_t>(-column, 0, stagedPixels_);
    const int64_t pixels = std::clamp<int64_t>(x.width - column - left, 0, stagedPixels_ - left);
    std::fill_n(to, left * step, 0.0f);
    copyPixels(
        image_ + in.plane * x.planeStride + in.row * x.rowStride + (column + left) * x.pixelStride,
        pixels, to + left * step);
    const int64_t done = left + pixels;
    std::fill_n(to + done * step, (stagedPixels_ - done) * step, 0.0f);
  }

  void copyPixels(const float* from, int64_t pixels, float* to) const {
    const Image& x = plan_.x;
    const int64_t step = plan_.stagedStep;
    if (x.channelsAdjacent() && x.pixelStride == x.channels && step == x.channels) {
      std::memcpy(to, from, static_cast<size_t>(pixels * x.channels) * sizeof(float));
    } else if (x.channelsAdjacent()) {
      for (int64_t p = 0; p < pixels; ++p)
        std::memcpy(to + p * step, from + p * x.pixelStride,
                    static_cast<size_t>(x.channels) * sizeof(float));
    } else {
      for (int64_t c = 0; c < x.channels; ++c)
        for (int64_t p = 0; p < pixels; ++p)
          to[p * step + c] = from[p * x.pixelStride + c * x.channelStride];
    }
  }

  /// Of a stretch without staged rows every pixel is on the same side of the border.
  bool isPadding(const RowIndex& in, int64_t column) const {
    return !plan_.hasRow(in) || (!plan_.staged && !plan_.mergedTaps && !plan_.hasColumn(column));
  }

  TapRun stagedTap(int64_t row, int64_t k, int64_t kx, int64_t pixel, int64_t group) const {
    const int64_t step = plan_.stagedStep;
    const int64_t stagedRow = k / plan_.kernelY * stagedRows_ + (row - first_.row) * plan_.strideY +
                              k % plan_.kernelY * plan_.dilationY;
    const float* base = staged_ + stagedRow * stagedPixels_ * step;
    const int64_t column = (pixel - firstPixel_) * plan_.strideX + kx * plan_.dilationX;
    return {base + column * step + group * plan_.groupInputs(), plan_.strideX * step};
  }

  TapRun directTap(const RowIndex& in, int64_t kx, int64_t pixel, int64_t group) const {
    TapRun tap = tapInPlace(plan_, image_, zeros_, in, kx, pixel);
    if (tap.input != zeros_) tap.input += group * plan_.groupInputs();
    return tap;
  }

  const ConvPlan& plan_;
  const float* image_;
  TapRun* taps_;
  float* zeros_;
  float* widened_;
  float* staged_;
  RowIndex first_;
  int64_t firstPixel_ = 0, stagedPixels_ = 0;
  int64_t stagedRows_ = 0;  ///< of a plane
};

/// What is asked of the output, cut into items: (image, plane, block of rows, block of pixels,
/// block of panels). On one thread the blocks are those that fit the caches (planConv). How it is cut changes
/// no bits: an element is accumulated within one item.
struct Cut {
  static constexpr int64_t kLeastPixels = 28;
  int64_t allRows, allPixels, allPanels;
  int64_t rows, rowBlocks, pixels, pixelBlocks, panels, panelBlocks, items;
  bool byPanels = false;  ///< items of a block of panels follow each other, else those of a row

  Cut(const ConvPlan& plan, int threads)
      : allRows(plan.endRow - plan.firstRow),
        allPixels(plan.endPixel - plan.firstPixel),
        allPanels(plan.groups * panelsOf(plan.panels)),
        rows(plan.rowsPerBlock),
        pixels(plan.pixelsPerBlock),
        panels(allPanels) {
    const bool shared = threads > 1 && plan.multiplyAdds() >= kMultiplyAddsWorthSharing;
    if (shared) plan.staged ? shareEvenly(planesOf(plan), threads) : shareFinely(plan, threads);
    count(planesOf(plan));
  }

 private:
  static int64_t planesOf(const ConvPlan& plan) { return plan.y.batch * plan.y.depth; }
  int64_t count(int64_t planes) {
    rowBlocks = (allRows + rows - 1) / rows;
    pixelBlocks = (allPixels + pixels - 1) / pixels;
    panelBlocks = (allPanels + panels - 1) / panels;
    return items = planes * rowBlocks * pixelBlocks * panelBlocks;
  }

  /// An item copies its input rows: no more items than give every thread as much. Rows are shared, so
  /// that a core reads what it wrote, or panels (pairs stay together) where that is clearly more
  /// even: two threads would have 4 and 3 of 7 rows, but 16 panels each of 32.
  void shareEvenly(int64_t planes, int64_t threads) {
    const auto largestShare = [&](int64_t n) {
      return static_cast<double>((n + threads - 1) / threads) / static_cast<double>(n);
    };
    const int64_t pairs = (allPanels + 1) / 2;
    byPanels = 1.05 * largestShare(pairs) < largestShare(planes * allRows);
    if (byPanels)
      panels = 2 * ((pairs + threads - 1) / threads);
    else
      rows = base::evenHeight(planes * allRows, threads, std::min(rows, fairRows(planes, threads)));
  }
  int64_t fairRows(int64_t planes, int64_t threads) const {
    return std::max<int64_t>(1, (planes * allRows + threads - 1) / threads);
  }

  /// Several items for each thread, so that the last to finish is not far behind: first fewer rows a
  /// block, then fewer pixels if these are more than the weights, then fewer panels, and at last
  /// fewer pixels. With 2x2 pixels of 320 channels (20 panels) for two threads, blocks of 2 rows
  /// become blocks of one (2 items), then blocks of 20 panels become 10 (4 items) and 6 (8 items).
  void shareFinely(const ConvPlan& plan, int64_t threads) {
    const int64_t planes = planesOf(plan), wanted = 3 * threads;
    while (count(planes) < wanted && rows > 1) rows = (rows + 1) / 2;
    rows = base::evenHeight(planes * allRows, threads, rows);
    if (allRows == 1 && pixelsOutweighWeights(plan)) sharePixels(wanted, threads);
    while (count(planes) < wanted && panels > 2) panels = (panels / 2 + 1) / 2 * 2;
    if (panels < allPanels) panels = 2 * base::evenHeight((allPanels + 1) / 2, threads, panels / 2);
    while (count(planes) < wanted && pixels > kLeastPixels) pixels = (pixels + 1) / 2;
  }

  /// True if threads had better read all weights each than all pixels. Then they also keep the
  /// pixels that they wrote and will read, as with rows.
  bool pixelsOutweighWeights(const ConvPlan& plan) const {
    return allPixels * (plan.x.channels + plan.y.channels) > plan.panels.depth * plan.y.channels;
  }
  void sharePixels(int64_t wanted, int64_t threads) {
    const int64_t most = allPixels / kLeastPixels / threads * threads;
    if (most == 0) return;
    const int64_t blocks = std::max((allPixels + pixels - 1) / pixels, std::min(wanted, most));
    const int64_t even = (blocks + threads - 1) / threads * threads;
    pixels = (allPixels + even - 1) / even;
  }
};

struct Work {
  const ConvPlan& plan;
  const PanelOutputs& outputs;
  const float* x;
  float* y;
  Cut cut;

  void run(int64_t item, std::byte* scratch) const {
    const int64_t places = cut.items / cut.panelBlocks;
    const int64_t panels = cut.byPanels ? item / places : item % cut.panelBlocks;
    const int64_t place = cut.byPanels ? item % places : item / cut.panelBlocks;
    const int64_t pixels = place % cut.pixelBlocks;
    const int64_t rows = place / cut.pixelBlocks % cut.rowBlocks;
    const int64_t planes = place / (cut.pixelBlocks * cut.rowBlocks);
    const int64_t plane = planes % plan.y.depth, image = planes / plan.y.depth;
    const int64_t firstRow = plan.firstRow + rows * cut.rows;
    const int64_t endRow = std::min(firstRow + cut.rows, plan.endRow);
    const int64_t firstPixel = plan.firstPixel + pixels * cut.pixels;
    const int64_t endPixel = std::min(firstPixel + cut.pixels, plan.endPixel);
    Block block(plan, x + image * plan.x.batchStride, scratch);
    block.open(plane, firstRow, endRow, firstPixel, endPixel);
    float* to = y + image * plan.y.batchStride + plane * plan.y.planeStride;
    const auto computeRows = [&](const Panel& panel) {
      for (int64_t row = firstRow; row < endRow; ++row)
        for (int64_t begin = firstPixel; begin < endPixel;) {
          const Stretch s = block.stretch(begin, endPixel);
          panel.run(block.reduction(row, s, panel.group), s.end - s.begin,
                    to + row * plan.y.rowStride + s.begin * plan.y.pixelStride, plan.y.pixelStride);
          begin = s.end;
        }
    };
    outputs.forEachPanel(panels * cut.panels, (panels + 1) * cut.panels, block.widened(),
                         computeRows);
  }
};

}  // namespace

bool acceptsConv(const ops::Operator& op, std::span<const TensorView> inputs,
                 std::span<const TensorView> outputs) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  const TensorView& y = outputs[0];
  if (conv.winograd || !isInPanels(inputs[1]) || y.elements() == 0) return false;
  if (!Image(y).channelsAdjacent() || panelShape(conv, inputs[1]).depthwise) return false;
  return planConv(conv, inputs[0], inputs[1], y).feasible;
}

size_t convWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                     std::span<const TensorView> outputs, const CallShape& call) {
  const ConvPlan plan =
      planConv(static_cast<const ops::Conv&>(op), inputs[0], inputs[1], outputs[0], call.rows);
  return scratchWorkspace(Block::scratchBytes(plan), call.threads);
}

Result<void> runConv(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  const ConvPlan plan = planConv(conv, args.inputs[0], args.inputs[1], args.outputs[0], args.rows);
  const PanelOutputs outputs(plan.panels, PanelWeights(args.inputs[1]),
                             args.inputs.size() > 2 ? args.inputs[2] : TensorView{}, conv.epilogue);
  const Work work{plan, outputs, args.inputs[0].as<const float>(), args.outputs[0].as<float>(),
                  Cut(plan, args.team->threads())};
  forEachItem(*args.team, work.cut.items, args.workspace, Block::scratchBytes(plan),
              [&](int64_t item, std::byte* scratch) { work.run(item, scratch); });
  return {};
}

}  // namespace minnow::kernels::simd
