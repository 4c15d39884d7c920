// Copies a tensor into another storage order; shape and meaning stay. Added by the layout pass.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

struct Relayout final : OperatorBase<Relayout> {
  static constexpr OpKind kKind = OpKind::Relayout;
  StorageOrder order = StorageOrder::Plain;  ///< of the output
  /// The output lies in another memory than the input, so it is no view. Programs add such ones; no
  /// file has them, nor a clone, which takes what fields() names: a placed graph is not cloned.
  bool crosses = false;

  template <class V>
  void fields(V& v) {
    v("order", order, static_cast<int>(StorageOrder::kCount));
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  /// The input itself where it already lies in that order without gaps.
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input, int) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
