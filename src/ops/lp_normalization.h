// Division by the 1- or 2-norm along an axis (ONNX LpNormalization).
// Input: x float32 or float64. Output: the same type and shape; where the norm is 0, so is the output.
//
// The norm is Reduce's L1 or L2 over the axis (ops/reduce.h); y = x / norm.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct LpNormalization final : OperatorBase<LpNormalization> {
  static constexpr OpKind kKind = OpKind::LpNormalization;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};
  int64_t axis = 0;  ///< not negative
  int64_t p = 2;     ///< 1 or 2

  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("p", p);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool mayRunInPlace(int) const override { return true; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
