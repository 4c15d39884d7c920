// Running sums along an axis, in rising order, or falling order if `reverse` (ONNX CumSum).
// Input: x. Output: the same type and shape. `exclusive`: without the element itself.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct CumSum final : OperatorBase<CumSum> {
  static constexpr OpKind kKind = OpKind::CumSum;
  int64_t axis = 0;  ///< not negative
  bool exclusive = false;
  bool reverse = false;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("exclusive", exclusive);
    v("reverse", reverse);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Trend trend(int) const MINNOW_CONVERSION_OVERRIDE { return Trend::Rising; }
  bool mayRunInPlace(int) const override { return true; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
