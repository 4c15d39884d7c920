// Pooling of regions by bilinear samples (ONNX RoiAlign).
// Inputs: x [N,C,H,W] float32, rois [R,4] float32 (x1, y1, x2, y2), batch indices int64 [R].
// Output: [R,C,outputHeight,outputWidth]. Average sums a bin's samples row-major from 0 and divides
// by their number; Max takes the largest of the samples' four weighted neighbours, as ONNX defines
// it.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

enum class RoiAlignMode : uint8_t { Average, Max, kCount };

struct RoiAlign final : OperatorBase<RoiAlign> {
  static constexpr OpKind kKind = OpKind::RoiAlign;
  RoiAlignMode mode = RoiAlignMode::Average;
  int64_t outputHeight = 1, outputWidth = 1;
  int64_t samplingRatio = 0;  ///< samples along each axis of a bin; 0: one for each pixel
  float spatialScale = 1;
  bool halfPixel = true;  ///< coordinates are shifted by -0.5; else regions are at least 1x1

  /// No bin takes more samples along an axis; larger regions are an error.
  static constexpr int64_t kMaxSamples = 4096;

  template <class V>
  void fields(V& v) {
    v("mode", mode, static_cast<int>(RoiAlignMode::kCount));
    v("outputHeight", outputHeight);
    v("outputWidth", outputWidth);
    v("samplingRatio", samplingRatio);
    v("spatialScale", spatialScale);
    v("halfPixel", halfPixel);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  int64_t elementsVisited(std::span<const TensorType> inputs,
                          std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
