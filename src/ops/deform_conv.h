// Deformable convolution over two spatial axes (ONNX DeformConv).
// Inputs: x [N,C,H,W], w [O,C/groups,kh,kw], offset [N,offsetGroups*kh*kw*2,OH,OW] (row offset,
// then column offset of each tap), optional bias [O], optional mask [N,offsetGroups*kh*kw,OH,OW].
// All float32. Output: [N,O,OH,OW]. A tap reads x bilinearly where its offset moves it, zeros
// outside, and is multiplied by its mask; each output element accumulates from the bias by fused
// multiply-add over (ky, kx, channel) in rising order.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct DeformConv final : OperatorBase<DeformConv> {
  static constexpr OpKind kKind = OpKind::DeformConv;
  std::vector<int64_t> strides, dilations, padsBegin, padsEnd;  ///< two numbers each
  int64_t groups = 1, offsetGroups = 1;

  template <class V>
  void fields(V& v) {
    v("strides", strides);
    v("dilations", dilations);
    v("padsBegin", padsBegin);
    v("padsEnd", padsEnd);
    v("groups", groups);
    v("offsetGroups", offsetGroups);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
