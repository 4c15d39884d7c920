// Rows of Resize: lanes over channels where these are contiguous, else one channel's row at a time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/resize.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

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

/// The weighted sum over one or two rows of a plane, and over planes likewise.
template <class D>
HWY_INLINE hn::Vec<D> acrossRows(D d, const ResizeRow& row, const float* const (&at)[2],
                                 int64_t pixel, int64_t channel) {
  const int64_t taps = row.columns->taps;
  const int64_t* offsets = row.columns->offsets + pixel * taps;
  const float* weights = row.columns->weights + pixel * taps;
  const auto first = acrossColumns(d, at[0], offsets, weights, taps, channel);
  if (row.rowTaps == 1) return first;
  return hn::MulAdd(acrossColumns(d, at[1], offsets, weights, taps, channel),
                    hn::Set(d, row.rowWeight[1]), hn::Mul(first, hn::Set(d, row.rowWeight[0])));
}

template <class D>
HWY_INLINE void mixChannels(D d, const ResizeRow& row, int64_t pixel, int64_t channel) {
  auto sum = acrossRows(d, row, row.at[0], pixel, channel);
  if (row.planeTaps == 2)
    sum = hn::MulAdd(acrossRows(d, row, row.at[1], pixel, channel), hn::Set(d, row.planeWeight[1]),
                     hn::Mul(sum, hn::Set(d, row.planeWeight[0])));
  hn::StoreU(sum, d, row.to + pixel * row.toPixel + channel);
}

/// Channels of the nearest pixels, a copy.
void copyPixels(const ResizeRow& row) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t channels = row.channels;
  for (int64_t pixel = 0; pixel < row.pixels; ++pixel) {
    const float* from = row.at[0][0] + row.columns->offsets[pixel];
    float* to = row.to + pixel * row.toPixel;
    int64_t c = 0;
    for (; c + 2 * lanes <= channels; c += 2 * lanes) {
      const auto a = hn::LoadU(d, from + c), b = hn::LoadU(d, from + c + lanes);
      hn::StoreU(a, d, to + c);
      hn::StoreU(b, d, to + c + lanes);
    }
    for (; c < channels; ++c) to[c] = from[c];
  }
}

/// Channels of four neighbours in a plane, weighted as by mixChannels().
void mixPixels(const ResizeRow& row) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto top = hn::Set(d, row.rowWeight[0]), bottom = hn::Set(d, row.rowWeight[1]);
  const int64_t channels = row.channels;
  for (int64_t pixel = 0; pixel < row.pixels; ++pixel) {
    const int64_t left = row.columns->offsets[2 * pixel],
                  right = row.columns->offsets[2 * pixel + 1];
    const auto leftWeight = hn::Set(d, row.columns->weights[2 * pixel]);
    const auto rightWeight = hn::Set(d, row.columns->weights[2 * pixel + 1]);
    const float *a = row.at[0][0] + left, *b = row.at[0][0] + right;
    const float *e = row.at[0][1] + left, *f = row.at[0][1] + right;
    float* to = row.to + pixel * row.toPixel;
    int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) {
      const auto x =
          hn::MulAdd(hn::LoadU(d, b + c), rightWeight, hn::Mul(hn::LoadU(d, a + c), leftWeight));
      const auto y =
          hn::MulAdd(hn::LoadU(d, f + c), rightWeight, hn::Mul(hn::LoadU(d, e + c), leftWeight));
      hn::StoreU(hn::MulAdd(y, bottom, hn::Mul(x, top)), d, to + c);
    }
    for (; c < channels; ++c) mixChannels(hn::CappedTag<float, 1>(), row, pixel, c);
  }
}

/// Channels are contiguous.
void resizePixels(const ResizeRow& row) {
  if (row.columns->taps == row.rowTaps && row.planeTaps == 1)
    return row.rowTaps == 1 ? copyPixels(row) : mixPixels(row);
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
  const hn::CappedTag<float, 1> one;
  for (int64_t p = 0; p < row.pixels; ++p) mixChannels(one, row, p, 0);
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

/// A spatial axis; one that a tensor does not have is like one of a single element.
struct Axis {
  OutputRows asked = {0, 1};
  AxisTable table;
  int64_t yStride = 0;

  Axis(const ops::Resize& op, int axis, const KernelArgs& args, std::span<std::byte>& workspace) {
    static constexpr OutputRows kAll;
    static int64_t nowhere = 0;
    table.offsets = &nowhere;
    if (axis < 2) return;
    const TensorView &x = args.inputs[0], &y = args.outputs[0];
    const bool isRows = axis == 2 && y.shape.rank() == 4;
    asked = (isRows ? args.rows : kAll).within(y.shape[axis]);
    table = makeAxisTable(op, axis, x, y, asked, workspace);
    yStride = y.strides[axis];
  }
  /// Weights of the taps of an output position.
  void weigh(int64_t position, float (&weights)[2]) const {
    if (table.taps == 2) std::copy_n(table.weightsOf(position), 2, weights);
  }
};

struct Tables {
  std::span<std::byte> workspace;
  int last;
  Axis planes, rows, columns;

  Tables(const ops::Resize& op, const KernelArgs& args)
      : workspace(args.workspace),
        last(args.outputs[0].shape.rank() - 1),
        planes(op, last - 2, args, workspace),
        rows(op, last - 1, args, workspace),
        columns(op, last, args, workspace) {}

  /// Output row h of a plane; `from` and `to` are the first elements of an image.
  ResizeRow row(const float* from, float* to, int64_t plane, int64_t h, int64_t channels) const {
    ResizeRow row{};
    row.planeTaps = planes.table.taps, row.rowTaps = rows.table.taps;
    for (int64_t p = 0; p < row.planeTaps; ++p)
      for (int64_t r = 0; r < row.rowTaps; ++r)
        row.at[p][r] = from + planes.table.offsetsOf(plane)[p] + rows.table.offsetsOf(h)[r];
    planes.weigh(plane, row.planeWeight);
    rows.weigh(h, row.rowWeight);
    row.columns = &columns.table;
    row.pixels = columns.asked.end, row.channels = channels;
    row.to = to + plane * planes.yStride + h * rows.yStride;
    row.toPixel = columns.yStride;
    return row;
  }
};

}  // namespace

bool acceptsResize(const ops::Operator& op, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs) {
  const auto& resize = static_cast<const ops::Resize&>(op);
  const Shape &x = inputs[0].shape, &y = outputs[0].shape;
  if (inputs[0].type != DataType::Float32 || y.elements() == 0) return false;
  if (x.rank() < 3 || x.rank() > 5) return false;
  if (resize.coordinates == ops::ResizeCoordinates::TfCropAndResize) return false;
  const auto axis = [&](int i) { return ops::ResizeAxis(resize, i, x[i], y[i]); };
  for (int i = 2; i < x.rank(); ++i)
    if (axis(i).taps() > 2) return false;
  return axis(0).kept() && axis(1).kept();
}

Result<void> runResize(const ops::Operator& op, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const Tables tables(static_cast<const ops::Resize&>(op), args);
  const bool lanes = x.strides[1] == 1 && y.strides[1] == 1 && y.shape[1] > 1;
  const OutputRows asked = tables.rows.asked;
  const int64_t height = asked.end - asked.begin, depth = tables.planes.asked.end;
  const int64_t lines = lanes ? 1 : y.shape[1], width = tables.columns.asked.end;
  const auto work = lanes ? MINNOW_DISPATCH(resizePixels) : MINNOW_DISPATCH(resizeLine);
  const int64_t perUnit = width * (lanes ? y.shape[1] : 1);
  const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(perUnit, 1));
  args.team->parallelFor(
      y.shape[0] * lines * depth * height, grain, [&](int64_t begin, int64_t end) {
        for (int64_t unit = begin; unit < end; ++unit) {
          const int64_t h = asked.begin + unit % height, plane = unit / height % depth;
          const int64_t line = unit / height / depth % lines, n = unit / height / depth / lines;
          work(tables.row(x.as<const float>() + n * x.strides[0] + line * x.strides[1],
                          y.as<float>() + n * y.strides[0] + line * y.strides[1], plane, h,
                          y.shape[1]));
        }
      });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
