// Batch normalisation with given statistics (ONNX BatchNormalization, inference).
// Inputs: x [N,C,…] float32; scale, bias, mean, variance: [C], or x's shape without N (opset 6 to 8
// with spatial=0). Output: x's type.
//
// y = fma(x - mean, scale / sqrt(variance + epsilon), bias).
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct BatchNormalization final : OperatorBase<BatchNormalization> {
  static constexpr OpKind kKind = OpKind::BatchNormalization;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Spatial, .takesWeights = true};
  float epsilon = 1e-5f;

  template <class V>
  void fields(V& v) {
    v("epsilon", epsilon);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool mayRunInPlace(int index) const override { return index == 0; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
