// The partial inverse of max pooling (ONNX MaxUnpool).
// Inputs: x [N,C,spatial…], indices int64 of x's shape. Output: zeros but for x's elements, each at
// its index, which counts row-major in the tensor that the window implies: (input-1)*stride +
// kernel - padding positions an axis. `outputShape`, unless empty, is the output's shape; it holds
// that tensor in its leading corner. Of equal indices the last in row-major order stays.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct MaxUnpool final : OperatorBase<MaxUnpool> {
  static constexpr OpKind kKind = OpKind::MaxUnpool;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Spatial};
  std::vector<int64_t> kernel, strides, padsBegin, padsEnd;  ///< one number a spatial axis
  std::vector<int64_t> outputShape;  ///< of all axes; empty: the implied shape

  template <class V>
  void fields(V& v) {
    v("kernel", kernel);
    v("strides", strides);
    v("padsBegin", padsBegin);
    v("padsEnd", padsEnd);
    v("outputShape", outputShape);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  /// The shape that the window implies.
  Result<Shape> impliedShape(const Shape& x) const;
};

}  // namespace minnow::ops
