// Normalisation of groups of channels by their own statistics (ONNX GroupNormalization; with one
// channel a group InstanceNormalization, which stays so when channels are resized).
// Inputs: x [N,C,…] float32 or float64; scale and bias: [C], or [groups] (GroupNormalization of opset 18).
// Output: x's type.
//
// Sums run over the (channel, spatial…) elements of a group as striped sums (ops/reduce.h): mean =
// sum(x) / n; variance = sum of squares of x - mean / n;
// y = fma(x - mean, scale / sqrt(variance + epsilon), bias).
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct GroupNormalization final : OperatorBase<GroupNormalization> {
  static constexpr OpKind kKind = OpKind::GroupNormalization;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Spatial};
  static constexpr int64_t kEveryChannel = 0;  ///< as groups: each channel is one
  int64_t groups = 1;
  float epsilon = 1e-5f;

  template <class V>
  void fields(V& v) {
    v("groups", groups);
    v("epsilon", epsilon);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  int64_t groupsOf(const Shape& x) const {
    return groups == kEveryChannel ? std::max<int64_t>(x[1], 1) : groups;
  }
  bool mayRunInPlace(int index) const override { return index == 0; }
};

}  // namespace minnow::ops
