// Products of small integers in 32 bits (ONNX ConvInteger, MatMulInteger): exact, wrapping around.
// Inputs: a and b of 8 bits, signed or not; optional zero points of their types, which are
// subtracted before multiplying (padding counts as the zero point); for the convolution an optional
// bias int32 [O]. Output int32.
#pragma once

#include "ops/window.h"

namespace minnow::ops {

/// x [N,C,spatial…], w [O,C/groups,kernel…]; x's zero point has one element, w's one or O.
struct ConvInteger final : OperatorBase<ConvInteger>, WindowAttributes {
  static constexpr OpKind kKind = OpKind::ConvInteger;
  int64_t groups = 1;

  template <class V>
  void fields(V& v) {
    WindowAttributes::fields(v);
    v("groups", groups);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
};

/// a […,M,K], b […,K,N] as in MatMul; zero points broadcast to a and to b.
struct MatMulInteger final : OperatorBase<MatMulInteger> {
  static constexpr OpKind kKind = OpKind::MatMulInteger;

  template <class V>
  void fields(V&) {}
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
