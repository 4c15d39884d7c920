// Concat (ONNX Concat) of one or more tensors of one type along an axis.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

struct Concat final : OperatorBase<Concat> {
  static constexpr OpKind kKind = OpKind::Concat;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Join, .movedInputs = ~0u};
  int64_t axis = 0;  ///< -rank … rank-1

  template <class V>
  void fields(V& v) {
    v("axis", axis);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  std::optional<int> joinsAlong(const Shape& output) const override;
  bool isIdentity(std::span<const TensorType> inputs) const MINNOW_CONVERSION_OVERRIDE {
    return inputs.size() == 1;
  }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
