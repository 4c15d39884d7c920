// RoiAlign, one output element at a time.
#include "ops/roi_align.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "kernels/kernel.h"
#include "kernels/reference/extremes.h"

namespace minnow::kernels::reference {
namespace {

/// Neighbours of a coordinate along one axis and the distance from the lower one.
struct Neighbours {
  int64_t low = 0, high = 0;
  float fraction = 0;
  bool inside = false;
};

Neighbours neighboursOf(float at, int64_t extent) {
  if (!(at >= -1.0f && at <= static_cast<float>(extent))) return {};
  at = std::max(at, 0.0f);
  const auto low = static_cast<int64_t>(at);
  if (low >= extent - 1) return {extent - 1, extent - 1, 0.0f, true};
  return {low, low + 1, at - static_cast<float>(low), true};
}

/// One axis of a region: where its bins begin, how long they are, how many samples each takes.
struct Span {
  float begin, bin;
  int64_t samples;

  Span(const ops::RoiAlign& op, float from, float to, int64_t bins) {
    const float shift = op.halfPixel ? 0.5f : 0.0f;
    begin = from * op.spatialScale - shift;
    float length = to * op.spatialScale - shift - begin;
    if (!op.halfPixel) length = std::max(length, 1.0f);
    bin = length / static_cast<float>(bins);
    samples = op.samplingRatio;
    if (samples == 0) {
      const float wanted = std::ceil(bin);
      const auto most = static_cast<float>(ops::RoiAlign::kMaxSamples);
      samples = wanted >= 0 && wanted <= most ? static_cast<int64_t>(wanted) : wanted < 0 ? 0 : -1;
    }
  }
  float at(int64_t index, int64_t sample) const {
    return begin + static_cast<float>(index) * bin +
           (static_cast<float>(sample) + 0.5f) * bin / static_cast<float>(samples);
  }
};

float pooled(const ops::RoiAlign& op, const TensorView& x, const float* plane, const Span& rows,
             const Span& columns, int64_t py, int64_t px) {
  float result = 0;
  bool first = true;
  for (int64_t iy = 0; iy < rows.samples; ++iy)
    for (int64_t ix = 0; ix < columns.samples; ++ix) {
      const Neighbours y = neighboursOf(rows.at(py, iy), x.shape[2]);
      const Neighbours z = neighboursOf(columns.at(px, ix), x.shape[3]);
      float parts[4] = {};
      if (y.inside && z.inside)
        for (int i = 0; i < 4; ++i)
          parts[i] = (i / 2 ? y.fraction : 1.0f - y.fraction) *
                     (i % 2 ? z.fraction : 1.0f - z.fraction) *
                     plane[(i / 2 ? y.high : y.low) * x.strides[2] +
                           (i % 2 ? z.high : z.low) * x.strides[3]];
      if (op.mode == ops::RoiAlignMode::Average) {
        result += parts[0] + parts[1] + parts[2] + parts[3];
      } else {
        const float most = greater(greater(parts[0], parts[1]), greater(parts[2], parts[3]));
        result = first ? most : greater(result, most);
        first = false;
      }
    }
  if (op.mode == ops::RoiAlignMode::Max) return result;
  return result / static_cast<float>(std::max<int64_t>(rows.samples * columns.samples, 1));
}

}  // namespace

Result<void> runRoiAlign(const ops::Operator& op, const KernelArgs& args) {
  const auto& align = static_cast<const ops::RoiAlign&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& rois = args.inputs[1];
  const TensorView& y = args.outputs[0];
  for (int64_t r = 0; r < y.shape[0]; ++r) {
    const int64_t image = args.inputs[2].as<const int64_t>()[r * args.inputs[2].strides[0]];
    if (image < 0 || image >= x.shape[0])
      return fail(ErrorCode::InvalidArgument, "RoiAlign: batch index ", image, " of region ", r,
                  " is outside ", x.shape);
    const float* roi = rois.as<const float>() + r * rois.strides[0];
    const Span columns(align, roi[0], roi[2 * rois.strides[1]], y.shape[3]);
    const Span rows(align, roi[rois.strides[1]], roi[3 * rois.strides[1]], y.shape[2]);
    if (rows.samples < 0 || columns.samples < 0)
      return fail(ErrorCode::InvalidArgument, "RoiAlign: region ", r, " is too large");
    for (int64_t c = 0; c < y.shape[1]; ++c) {
      const float* plane = x.as<const float>() + image * x.strides[0] + c * x.strides[1];
      float* to = y.as<float>() + r * y.strides[0] + c * y.strides[1];
      for (int64_t py = 0; py < y.shape[2]; ++py)
        for (int64_t px = 0; px < y.shape[3]; ++px)
          to[py * y.strides[2] + px * y.strides[3]] =
              pooled(align, x, plane, rows, columns, py, px);
    }
  }
  return {};
}

}  // namespace minnow::kernels::reference
