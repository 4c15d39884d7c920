// Transpose (ONNX Transpose): output axis i is input axis perm[i]. Any element type; always a view.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

struct Transpose final : OperatorBase<Transpose> {
  static constexpr OpKind kKind = OpKind::Transpose;
  static constexpr Facts kFacts{.movedInputs = 0b1};
  std::vector<int64_t> perm;  ///< a permutation of 0 … rank-1

  template <class V>
  void fields(V& v) {
    v("perm", perm);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool isIdentity(std::span<const TensorType>) const MINNOW_CONVERSION_OVERRIDE;
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input, int) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
