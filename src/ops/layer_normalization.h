// Normalisation over an axis and all that follow it (ONNX LayerNormalization and, not `centred`,
// RMSNormalization).
// Inputs: x float32 or float64; scale and optional bias, which broadcast to x. Outputs: y of x's type; mean
// and 1 / sqrt(variance + epsilon), float32, with extent 1 from the axis on (either may go
// unwanted).
//
// Sums are striped sums (ops/reduce.h): mean = sum(x) / n, or 0 if not centred; variance = sum of
// squares of x - mean / n; inv = 1 / sqrt(variance + epsilon); y = fma((x - mean) * inv, scale,
// bias), or the product alone without a bias.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct LayerNormalization final : OperatorBase<LayerNormalization> {
  static constexpr OpKind kKind = OpKind::LayerNormalization;
  int64_t axis = 0;  ///< not negative
  float epsilon = 1e-5f;
  bool centred = true;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("epsilon", epsilon);
    v("centred", centred);
  }
  std::string name() const override;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool mayRunInPlace(int index) const override { return index == 0; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
