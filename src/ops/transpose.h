// Transpose (ONNX Transpose): output axis i is input axis perm[i]. Any element type; always a view.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

struct Transpose final : OperatorBase<Transpose> {
  static constexpr OpKind kKind = OpKind::Transpose;
  std::vector<int64_t> perm;  ///< a permutation of 0 … rank-1

  template <class V>
  void fields(V& v) {
    v("perm", perm);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool movesElements(int index) const override { return index == 0; }
  bool isIdentity(std::span<const TensorType>) const override;
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input, int) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
