// Rows of Resize: lanes over channels where these are contiguous, else one channel's row at a time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/resize.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>
#include <cstring>

#include "kernels/simd/dispatch.h"
#include "kernels/simd/resize.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// One or two input pixels and their weights, the last axis of a weighted sum.
template <class D>
HWY_INLINE hn::Vec<D> acrossColumns(D d, const float* row, const int64_t* offsets,
                                    const float* weights, int64_t taps, int64_t channel) {
  const auto first = hn::LoadU(d, row + offsets[0] + channel);
  if (taps == 1) return first;
  return hn::MulAdd(hn::LoadU(d, row + offsets[1] + channel), hn::Set(d, weights[1]),
                    hn::Mul(first, hn::Set(d, weights[0])));
}

template <class D>
HWY_INLINE void mixChannels(D d, const ResizeRow& row, int64_t pixel, int64_t channel) {
  const int64_t taps = row.columns->taps;
  const int64_t* offsets = row.columns->offsets + pixel * taps;
  const float* weights = row.columns->weights + pixel * taps;
  auto sum = acrossColumns(d, row.at[0], offsets, weights, taps, channel);
  if (row.rowTaps == 2)
    sum = hn::MulAdd(acrossColumns(d, row.at[1], offsets, weights, taps, channel),
                     hn::Set(d, row.weight[1]), hn::Mul(sum, hn::Set(d, row.weight[0])));
  hn::StoreU(sum, d, row.to + pixel * row.toPixel + channel);
}

/// Channels are contiguous.
void resizePixels(const ResizeRow& row) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t pixel = 0; pixel < row.pixels; ++pixel) {
    int64_t channel = 0;
    for (; channel + lanes <= row.channels; channel += lanes) mixChannels(d, row, pixel, channel);
    for (; channel < row.channels; ++channel) mixChannels(one, row, pixel, channel);
  }
}

/// One channel, pixels at any distance.
void resizeLine(const ResizeRow& row) {
  const int64_t taps = row.columns->taps;
  const int64_t* offsets = row.columns->offsets;
  const float* weights = row.columns->weights;
  for (int64_t p = 0; p < row.pixels; ++p, offsets += taps, weights += taps) {
    float value[2];
    for (int64_t t = 0; t < row.rowTaps; ++t) {
      value[t] = row.at[t][offsets[0]];
      if (taps == 2) value[t] = std::fma(row.at[t][offsets[1]], weights[1], value[t] * weights[0]);
    }
    row.to[p * row.toPixel] =
        row.rowTaps == 1 ? value[0] : std::fma(value[1], row.weight[1], value[0] * row.weight[0]);
  }
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {}  // namespace

bool acceptsResize(const ops::Operator& op, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs) {
  const auto& resize = static_cast<const ops::Resize&>(op);
  const Shape &x = inputs[0].shape, &y = outputs[0].shape;
  if (inputs[0].type != DataType::Float32 || x.rank() != 4 || y.elements() == 0) return false;
  if (resize.coordinates == ops::ResizeCoordinates::TfCropAndResize) return false;
  const auto axis = [&](int i) { return ops::ResizeAxis(resize, i, x[i], y[i]); };
  return axis(0).kept() && axis(1).kept() && axis(2).taps() <= 2 && axis(3).taps() <= 2;
}

Result<void> runResize(const ops::Operator& op, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const auto& resize = static_cast<const ops::Resize&>(op);
  const OutputRows asked = args.rows.within(y.shape[2]);
  std::span<std::byte> workspace = args.workspace;
  const AxisTable rows = makeAxisTable(resize, 2, x, y, asked, workspace);
  const AxisTable columns = makeAxisTable(resize, 3, x, y, {0, y.shape[3]}, workspace);
  const bool lanes = x.strides[1] == 1 && y.strides[1] == 1 && y.shape[1] > 1;
  const int64_t height = asked.end - asked.begin, lines = lanes ? 1 : y.shape[1];
  const auto work = lanes ? MINNOW_DISPATCH(resizePixels) : MINNOW_DISPATCH(resizeLine);
  const int64_t perUnit = y.shape[3] * (lanes ? y.shape[1] : 1);
  const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(perUnit, 1));
  args.team->parallelFor(y.shape[0] * lines * height, grain, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t h = asked.begin + unit % height, line = unit / height % lines,
                    n = unit / height / lines;
      const float* image = x.as<const float>() + n * x.strides[0] + line * x.strides[1];
      ResizeRow row{};
      row.rowTaps = rows.taps;
      for (int64_t t = 0; t < rows.taps; ++t) {
        row.at[t] = image + rows.offsetsOf(h)[t];
        row.weight[t] = rows.weightsOf(h)[t];
      }
      row.columns = &columns;
      row.pixels = y.shape[3], row.channels = y.shape[1];
      row.to = y.as<float>() + n * y.strides[0] + line * y.strides[1] + h * y.strides[2];
      row.toPixel = y.strides[3];
      work(row);
    }
  });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
