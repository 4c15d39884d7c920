// Where the greatest or smallest element along an axis lies (ONNX ArgMax, ArgMin).
// Input: x. Output: int64, the axis of extent 1 or dropped. Of equal elements the first, or the
// last if `selectLast`; a NaN is both greater and smaller than every number, as in Reduce.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct ArgReduce final : OperatorBase<ArgReduce> {
  static constexpr OpKind kKind = OpKind::ArgReduce;
  bool max = true;
  int64_t axis = 0;  ///< not negative
  bool keepDims = true;
  bool selectLast = false;

  template <class V>
  void fields(V& v) {
    v("max", max);
    v("axis", axis);
    v("keepDims", keepDims);
    v("selectLast", selectLast);
  }
  std::string name() const override { return max ? "ArgMax" : "ArgMin"; }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
