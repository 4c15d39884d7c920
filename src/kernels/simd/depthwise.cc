// Depthwise convolution: rows of the output over threads; within a row, pixels away from the border
// take the kernels that load each input pixel once, the others tap by tap.
#include <algorithm>

#include "kernels/pack.h"
#include "kernels/simd/conv.h"
#include "kernels/simd/conv_plan.h"
#include "kernels/simd/conv_taps.h"
#include "kernels/simd/depthwise_tile.h"
#include "kernels/simd/epilogue_rows.h"
#include "kernels/simd/panel_run.h"
#include "kernels/simd/scratch.h"

namespace minnow::kernels::simd {
namespace {

size_t tapBytes(const ConvPlan& plan) {
  return base::alignUp(static_cast<size_t>(plan.kernelY * plan.kernelX) * sizeof(TapRun));
}
/// Taps and a pixel of zeros.
size_t scratchBytes(const ConvPlan& plan) {
  return tapBytes(plan) + static_cast<size_t>(plan.x.channels) * sizeof(float);
}

class Rows {
 public:
  Rows(const ConvPlan& plan, const KernelArgs& args, const ops::Epilogue& epilogue,
       std::byte* scratch)
      : plan_(plan),
        tiles_(depthwiseTiles()),
        epilogue_(epilogue),
        taps_(reinterpret_cast<TapRun*>(scratch)),
        zeros_(reinterpret_cast<float*>(scratch + tapBytes(plan))) {
    std::fill_n(zeros_, plan.x.channels, 0.0f);
    tile_.taps = taps_;
    tile_.weights = args.inputs[1].as<const float>();
    tile_.weightStep = PanelShape::roundUp(plan.x.channels, kPanel);
    const bool biased = args.inputs.size() > 2 && args.inputs[2];
    tile_.bias = biased ? args.inputs[2].as<const float>() : zeros_;
    tile_.outputStep = plan.y.pixelStride;
    tile_.channels = plan.x.channels;
    tile_.clamp = epilogue_.clamp;
    tile_.low = epilogue_.low;
    tile_.high = epilogue_.high;
    const bool hasColumns =
        (plan.kernelX == 3 || plan.kernelX == 5) && plan.strideX <= 2 && plan.dilationX == 1;
    if (hasColumns) columns_ = tiles_.columns[plan.kernelX == 5][plan.strideX == 2];
  }

  void run(const float* image, float* output, int64_t row) {
    for (int64_t begin = 0; begin < plan_.y.width;) {
      const Stretch stretch = stretchAt(plan_, begin, plan_.y.width);
      float* to = output + row * plan_.y.rowStride + begin * plan_.y.pixelStride;
      if (columns_ && isInside(plan_, stretch))
        inside(image, row, stretch, to);
      else
        anywhere(image, row, stretch, to);
      begin = stretch.end;
    }
  }

 private:
  void inside(const float* image, int64_t row, const Stretch& stretch, float* to) {
    for (int64_t ky = 0; ky < plan_.kernelY; ++ky) {
      taps_[ky] = tapInPlace(plan_, image, zeros_, inputRow(row, ky), 0, stretch.begin);
      if (taps_[ky].step) taps_[ky].step = plan_.x.pixelStride;
    }
    tile_.rows = plan_.kernelY;
    cover(columns_, DepthwiseTiles::kMaxPixels, stretch.end - stretch.begin, to);
  }

  void anywhere(const float* image, int64_t row, const Stretch& stretch, float* to) {
    tile_.tapCount = 0;
    for (int64_t ky = 0; ky < plan_.kernelY; ++ky)
      for (int64_t kx = 0; kx < plan_.kernelX; ++kx)
        taps_[tile_.tapCount++] =
            tapInPlace(plan_, image, zeros_, inputRow(row, ky), kx, stretch.begin);
    cover(tiles_.any, 4, stretch.end - stretch.begin, to);
  }

  void cover(const DepthwiseTiles::Fn* fn, int64_t most, int64_t pixels, float* to) {
    const int64_t count = (pixels + most - 1) / most;
    for (int64_t i = 0, first = 0; i < count; ++i) {
      const int64_t n = (pixels - first) / (count - i);
      tile_.firstPixel = first;
      tile_.output = to + first * tile_.outputStep;
      fn[n](tile_);
      if (epilogue_.after)
        applyEpilogueRows(*epilogue_.after, tile_.output, n, tile_.outputStep, tile_.channels);
      first += n;
    }
  }

  int64_t inputRow(int64_t row, int64_t ky) const {
    return row * plan_.strideY - plan_.padTop + ky * plan_.dilationY;
  }

  const ConvPlan& plan_;
  const DepthwiseTiles& tiles_;
  TileEpilogue epilogue_;
  TapRun* taps_;
  float* zeros_;
  const DepthwiseTiles::Fn* columns_ = nullptr;
  DepthwiseTile tile_;
};

}  // namespace

bool acceptsDepthwise(const ops::Operator& op, std::span<const TensorView> inputs,
                      std::span<const TensorView> outputs) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  if (conv.kernel.size() > 2 || !inputs[1].panels || outputs[0].elements() == 0) return false;
  if (!convPanels(inputs[1].shape, conv.groups).depthwise) return false;
  if (inputs.size() > 2 && inputs[2] && inputs[2].strides[0] != 1) return false;
  return Image(inputs[0]).channelsAdjacent() && Image(outputs[0]).channelsAdjacent();
}

size_t depthwiseWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs, int threads) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  return scratchWorkspace(scratchBytes(convGeometry(conv, inputs[0], inputs[1], outputs[0])),
                          threads);
}

Result<void> runDepthwise(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  const ConvPlan plan = convGeometry(conv, args.inputs[0], args.inputs[1], args.outputs[0]);
  const int64_t threads = args.pool->threads();
  const int64_t height = plan.y.height;
  const int64_t wanted = threads > 1 ? 4 * threads : 1;
  const int64_t blocks = std::min(height, (wanted + plan.y.batch - 1) / plan.y.batch);
  const int64_t rows = (height + blocks - 1) / blocks;
  const int64_t perImage = (height + rows - 1) / rows;
  forEachItem(*args.pool, plan.y.batch * perImage, args.workspace, scratchBytes(plan),
              [&](int64_t item, std::byte* scratch) {
                const int64_t image = item / perImage, first = item % perImage * rows;
                Rows worker(plan, args, conv.epilogue, scratch);
                for (int64_t row = first; row < std::min(first + rows, height); ++row)
                  worker.run(args.inputs[0].as<const float>() + image * plan.x.batchStride,
                             args.outputs[0].as<float>() + image * plan.y.batchStride, row);
              });
  return {};
}

}  // namespace minnow::kernels::simd
