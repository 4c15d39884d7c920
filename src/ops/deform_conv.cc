// Deformable convolution: validation and shape rule, which is that of the convolution underneath.
#include "ops/deform_conv.h"

#include "ops/conv.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeDeformConv() { return std::make_unique<DeformConv>(); }

Result<TensorTypes> DeformConv::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 3, 5); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  const Shape& w = inputs[1].shape;
  if (x.rank() != 4 || w.rank() != 4)
    return fail(ErrorCode::Unsupported, "deformable convolution of ", x, " with weights ", w,
                " (two spatial axes are supported)");
  Conv plain;
  plain.kernel = {w[2], w[3]};
  plain.strides = strides;
  plain.dilations = dilations;
  plain.padsBegin = padsBegin;
  plain.padsEnd = padsEnd;
  plain.groups = groups;
  std::vector<TensorType> plainInputs{inputs[0], inputs[1]};
  if (inputs.size() > 3) plainInputs.push_back(inputs[3]);
  auto types = plain.inferShape(plainInputs);
  if (!types) return types;
  if (auto ok = checkShape(w); !ok) return passOn(ok);
  const Shape& y = (*types)[0].shape;
  if (offsetGroups < 1 || x[1] % offsetGroups != 0 || offsetGroups > kMaxExtent)
    return fail(ErrorCode::ShapeMismatch, "deformable convolution of ", x[1], " channels in ",
                offsetGroups, " offset groups");
  const int64_t taps = w[2] * w[3];
  if (taps > kMaxExtent)
    return fail(ErrorCode::ShapeMismatch, "deformable convolution of ", taps, " taps");
  const Shape offsets{x[0], offsetGroups * taps * 2, y[2], y[3]};
  const Shape masks{x[0], offsetGroups * taps, y[2], y[3]};
  if (inputs[2] != TensorType{DataType::Float32, offsets})
    return fail(ErrorCode::ShapeMismatch, "deformable convolution's offsets are ", inputs[2].type,
                " ", inputs[2].shape, ", expected float32 ", offsets);
  if (inputs.size() > 4 && inputs[4].type != DataType::Undefined &&
      inputs[4] != TensorType{DataType::Float32, masks})
    return fail(ErrorCode::ShapeMismatch, "deformable convolution's mask is ", inputs[4].type, " ",
                inputs[4].shape, ", expected float32 ", masks);
  return types;
}

int64_t DeformConv::multiplyAdds(std::span<const TensorType> inputs,
                                 std::span<const TensorType> outputs) const {
  const Shape& w = inputs[1].shape;
  return outputs[0].shape.elements() * (w.elements() / std::max<int64_t>(w[0], 1));
}

}  // namespace minnow::ops
