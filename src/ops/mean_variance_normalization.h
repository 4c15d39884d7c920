// Normalisation over a set of axes by mean and standard deviation, without parameters (ONNX
// MeanVarianceNormalization).
// Input: x float32 or float64. Output: the same type and shape.
//
// Sums run in Reduce's order for the same axes (ops/reduce.h): mean = sum(x) / n; variance = sum of
// squares of x - mean / n; y = (x - mean) / (sqrt(variance) + 1e-9).
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct MeanVarianceNormalization final : OperatorBase<MeanVarianceNormalization> {
  static constexpr OpKind kKind = OpKind::MeanVarianceNormalization;
  std::vector<int64_t> axes;  ///< not negative, each once

  template <class V>
  void fields(V& v) {
    v("axes", axes);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool mayRunInPlace(int) const override { return true; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
