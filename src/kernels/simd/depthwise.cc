// Depthwise convolution over one to three axes: rows of the output over threads; common kernels load
// each input pixel once a row, or once for two rows, the others go tap by tap.
#include <algorithm>

#include "kernels/simd/conv.h"
#include "kernels/simd/conv_plan.h"
#include "kernels/simd/conv_taps.h"
#include "kernels/simd/depthwise_tile.h"
#include "kernels/simd/epilogue_rows.h"
#include "kernels/simd/panel_run.h"
#include "kernels/simd/scratch.h"

namespace minnow::kernels::simd {
namespace {

bool hasColumns(const ConvPlan& plan) {
  return (plan.kernelX == 3 || plan.kernelX == 5) && plan.strideX <= 2 && plan.dilationX == 1 &&
         plan.x.channels >= DepthwiseTiles::kLeastChannels;
}

/// Rows of the output may be computed by twos.
bool hasPairs(const ConvPlan& plan) {
  return hasColumns(plan) && plan.kernelZ == 1 && plan.kernelY == plan.kernelX &&
         plan.strideY == plan.strideX && plan.dilationY == 1 &&
         plan.y.width >= DepthwiseTiles::kLeastPair;
}

size_t tapBytes(const ConvPlan& plan) {
  return base::alignUp(static_cast<size_t>(plan.kernelRows() * plan.kernelX) * sizeof(TapRun));
}
/// Pointers to the input pixels under a tile. They are read by twos, so that of an odd number one more
/// is read and not used: rounding up to 64 bytes, eight pointers, leaves room for it.
size_t columnBytes(const ConvPlan& plan) {
  if (!hasColumns(plan)) return 0;
  const int64_t columns = (DepthwiseTiles::kMaxPixels - 1) * plan.strideX + plan.kernelX;
  const int64_t rows = plan.kernelRows() + (hasPairs(plan) ? plan.strideY : 0);
  return base::alignUp(static_cast<size_t>(rows * columns) * sizeof(float*));
}
int64_t zeroFloats(const ConvPlan& plan) { return PanelShape::roundUp(plan.x.channels, kPanel); }
/// Taps, columns, a pixel of zeros and weights that are stored as float16.
size_t scratchBytes(const ConvPlan& plan) {
  return tapBytes(plan) + columnBytes(plan) +
         static_cast<size_t>(zeroFloats(plan) + plan.widenedFloats) * sizeof(float);
}

class Rows {
 public:
  Rows(const ConvPlan& plan, const KernelArgs& args, const ops::Epilogue& epilogue,
       std::byte* scratch)
      : plan_(plan),
        tiles_(depthwiseTiles()),
        epilogue_(epilogue),
        taps_(reinterpret_cast<TapRun*>(scratch)),
        columns_(reinterpret_cast<const float**>(scratch + tapBytes(plan))),
        zeros_(reinterpret_cast<float*>(scratch + tapBytes(plan) + columnBytes(plan))) {
    std::fill_n(zeros_, plan.x.channels, 0.0f);
    if (hasPairs(plan)) pairs_ = tiles_.pairs(plan.kernelX, plan.strideX);
    tile_.taps = taps_;
    tile_.columns = columns_;
    tile_.weights =
        PanelWeights(args.inputs[1]).read(plan.panels.groupElements(), zeros_ + zeroFloats(plan));
    tile_.weightStep = PanelShape::roundUp(plan.x.channels, kPanel);
    const bool biased = args.inputs.size() > 2 && args.inputs[2];
    tile_.bias = biased ? args.inputs[2].as<const float>() : zeros_;
    tile_.outputStep = plan.y.pixelStride;
    tile_.outputRowStep = plan.y.rowStride;
    tile_.channels = plan.x.channels;
    tile_.clamp = epilogue_.clamp;
    tile_.low = epilogue_.low;
    tile_.high = epilogue_.high;
    tile_.after = epilogue_.takenBy<DepthwiseTile>();
  }

  /// Output rows [row, end) of a plane.
  void run(const float* image, float* output, int64_t plane, int64_t row, int64_t end) {
    plane_ = plane;
    for (; row < end; ++row) {
      float* to = output + plane * plan_.y.planeStride + row * plan_.y.rowStride;
      if (pairs_ && row + 1 < end)
        byTiles(image, row++, 2, *pairs_, to);
      else if (hasColumns(plan_))
        byTiles(image, row, 1, tiles_.single(plan_.kernelX, plan_.strideX), to);
      else
        byStretches(image, row, to);
    }
  }

 private:
  /// fn(first pixel, pixels) for tiles of nearly equal size, of at most `most` pixels.
  template <class Fn>
  void forEachTile(int64_t most, const Fn& fn) const {
    const int64_t width = plan_.y.width;
    const int64_t count = (width + most - 1) / most;
    for (int64_t i = 0, first = 0; i < count; ++i) {
      const int64_t n = (width - first) / (count - i);
      fn(first, n);
      first += n;
    }
  }

  /// `rows` rows of output from `row` on: tiles inside the image, and those that meet its sides.
  void byTiles(const float* image, int64_t row, int64_t rows, const DepthwiseTiles::Rows& tiles,
               float* to) {
    const int64_t inputRows = plan_.kernelRows() + (rows - 1) * plan_.strideY;
    tile_.tapCount = plan_.kernelRows();
    const int64_t most = rows == 1 ? DepthwiseTiles::kMaxSingle : DepthwiseTiles::kMaxPixels;
    forEachTile(most, [&](int64_t first, int64_t n) {
      if (tiles.inside[n] && isInside(plan_, {first, first + n})) {
        findRows(image, row, inputRows, first);
        runTile(tiles.inside[n], first, n, to, rows);
      } else {
        findColumns(image, row, inputRows, first, (n - 1) * plan_.strideX + plan_.kernelX);
        runTile(tiles.border[n], first, n, to, rows);
      }
    });
  }

  /// Where the tile at output pixel `pixel` of `row` begins in each of `rows` input rows.
  void findRows(const float* image, int64_t row, int64_t rows, int64_t pixel) {
    for (int64_t k = 0; k < rows; ++k) {
      taps_[k] = tapInPlace(plan_, image, zeros_, inputRow(row, k), 0, pixel);
      if (taps_[k].step) taps_[k].step = plan_.x.pixelStride;
    }
  }

  /// Pointers to `count` columns of `rows` input rows, those under the kernel at output pixel
  /// `pixel` of `row` and on.
  void findColumns(const float* image, int64_t row, int64_t rows, int64_t pixel, int64_t count) {
    const float** out = columns_;
    const int64_t step = plan_.x.pixelStride, first = pixel * plan_.strideX - plan_.padLeft;
    const int64_t left = std::clamp<int64_t>(-first, 0, count);
    const int64_t end = std::clamp<int64_t>(plan_.x.width - first, left, count);
    for (int64_t k = 0; k < rows; ++k, out += count) {
      const RowIndex y = inputRow(row, k);
      const float* in =
          image + y.plane * plan_.x.planeStride + y.row * plan_.x.rowStride + (first + left) * step;
      std::fill_n(out, count, zeros_);
      for (int64_t i = left; plan_.hasRow(y) && i < end; ++i, in += step) out[i] = in;
    }
  }

  void byStretches(const float* image, int64_t row, float* to) {
    for (int64_t begin = 0; begin < plan_.y.width;) {
      const Stretch stretch = stretchAt(plan_, begin, plan_.y.width);
      byTaps(image, row, stretch, to);
      begin = stretch.end;
    }
  }

  void byTaps(const float* image, int64_t row, const Stretch& stretch, float* to) {
    tile_.tapCount = 0;
    for (int64_t k = 0; k < plan_.kernelRows(); ++k)
      for (int64_t kx = 0; kx < plan_.kernelX; ++kx)
        taps_[tile_.tapCount++] =
            tapInPlace(plan_, image, zeros_, inputRow(row, k), kx, stretch.begin);
    for (int64_t first = stretch.begin; first < stretch.end;) {
      const int64_t n = std::min<int64_t>(4, stretch.end - first);
      tile_.firstPixel = first - stretch.begin;
      runTile(tiles_.any[n], first, n, to);
      first += n;
    }
  }

  void runTile(DepthwiseTiles::Fn fn, int64_t pixel, int64_t pixels, float* to, int64_t rows = 1) {
    tile_.output = to + pixel * tile_.outputStep;
    fn(tile_);
    for (int64_t i = 0; epilogue_.after && i < rows; ++i)
      applyEpilogueRows(*epilogue_.after, tile_.output + i * tile_.outputRowStep, pixels,
                        tile_.outputStep, tile_.channels);
  }

  /// Under kernel row `k` of an output row of the plane. A pair of rows has some more, which are the
  /// last of its second row.
  RowIndex inputRow(int64_t row, int64_t k) const {
    const bool second = k >= plan_.kernelRows();
    return plan_.inputRow({plane_, row + second}, second ? k - plan_.strideY : k);
  }

  const ConvPlan& plan_;
  const DepthwiseTiles& tiles_;
  const DepthwiseTiles::Rows* pairs_ = nullptr;  ///< null where rows come one by one
  TileEpilogue epilogue_;
  TapRun* taps_;
  const float** columns_;
  float* zeros_;
  int64_t plane_ = 0;
  DepthwiseTile tile_;
};

}  // namespace

bool acceptsDepthwise(const ops::Operator& op, std::span<const TensorView> inputs,
                      std::span<const TensorView> outputs) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  if (conv.winograd || !isInPanels(inputs[1]) || outputs[0].elements() == 0) return false;
  if (!panelShape(conv, inputs[1]).depthwise) return false;
  if (inputs.size() > 2 && inputs[2] && inputs[2].strides[0] != 1) return false;
  return Image(inputs[0]).channelsAdjacent() && Image(outputs[0]).channelsAdjacent();
}

size_t depthwiseWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs, const CallShape& call) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  return scratchWorkspace(scratchBytes(convGeometry(conv, inputs[0], inputs[1], outputs[0])),
                          call.threads);
}

Result<void> runDepthwise(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  const ConvPlan plan =
      convGeometry(conv, args.inputs[0], args.inputs[1], args.outputs[0], args.rows);
  const int64_t threads = args.team->threads();
  const int64_t height = plan.endRow - plan.firstRow, planes = plan.y.batch * plan.y.depth;
  if (height == 0) return {};
  const bool shared = threads > 1 && plan.multiplyAdds() >= kMultiplyAddsWorthSharing;
  const int64_t wanted = shared ? 4 * threads : 1;
  const int64_t blocks = std::min(height, (wanted + planes - 1) / planes);
  const int64_t rows = base::evenHeight(height, threads, (height + blocks - 1) / blocks);
  const int64_t perPlane = (height + rows - 1) / rows;
  forEachItem(*args.team, planes * perPlane, args.workspace, scratchBytes(plan),
              [&](int64_t item, std::byte* scratch) {
                const int64_t plane = item / perPlane, image = plane / plan.y.depth;
                const int64_t first = plan.firstRow + item % perPlane * rows;
                Rows worker(plan, args, conv.epilogue, scratch);
                worker.run(args.inputs[0].as<const float>() + image * plan.x.batchStride,
                           args.outputs[0].as<float>() + image * plan.y.batchStride,
                           plane % plan.y.depth, first, std::min(first + rows, plan.endRow));
              });
  return {};
}

}  // namespace minnow::kernels::simd
