// RoiAlign: validation and shape rule.
#include "ops/roi_align.h"

#include "ops/data_axes.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeRoiAlign() { return std::make_unique<RoiAlign>(); }

Result<TensorTypes> RoiAlign::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 3, 3); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  const Shape& rois = inputs[1].shape;
  if (inputs[0].type != DataType::Float32 || inputs[1].type != DataType::Float32 ||
      inputs[2].type != DataType::Int64)
    return fail(ErrorCode::Unsupported, "RoiAlign of ", inputs[0].type,
                " (float32 with int64 indices is supported)");
  if (x.rank() != 4 || rois.rank() != 2 || rois[1] != 4 || inputs[2].shape != Shape{rois[0]})
    return fail(ErrorCode::ShapeMismatch, "RoiAlign of ", x, " by regions ", rois, " and indices ",
                inputs[2].shape);
  if (outputHeight < 1 || outputWidth < 1 || outputHeight > kMaxExtent ||
      outputWidth > kMaxExtent || samplingRatio < 0 || samplingRatio > kMaxSamples)
    return fail(ErrorCode::BadModel,
                "RoiAlign: an output extent or sampling_ratio is out of range");
  if (x[2] < 1 || x[3] < 1) return fail(ErrorCode::ShapeMismatch, "RoiAlign of nothing");
  const Shape y{rois[0], x[1], outputHeight, outputWidth};
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return TensorTypes{TensorType{DataType::Float32, y}};
}

std::optional<DataAxes> RoiAlign::dataAxes(const DataInputs& in) const {
  AlikeAxes alike(in);
  alike.join(1, 0, 2, 0);
  return DataAxes{alike.axes(1)[0], in.at(0, 1)};
}

Result<TensorTypes> RoiAlign::largestOutputs(const DataInputs& in) const {
  if (in.count() != 3 || in.shape(1).rank() != 2 || in.shape(2).rank() != 1)
    return inferShape(in.types());
  AlikeAxes alike(in);
  alike.join(1, 0, 2, 0);
  if (in.at(1, 1) != 0) alike.shape(1)[1] = 4;
  return inferShape(alike.types());
}

int64_t RoiAlign::elementsVisited(std::span<const TensorType>,
                                  std::span<const TensorType> outputs) const {
  const int64_t samples = samplingRatio > 0 ? samplingRatio : kMaxSamples;  // as the regions ask
  return cappedProduct(outputs[0].shape.elements(), samples * samples);
}

}  // namespace minnow::ops
