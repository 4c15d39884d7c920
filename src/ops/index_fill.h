// Operators whose elements depend on their position: OneHot, Trilu, ReverseSequence (ONNX).
#pragma once

#include "ops/view.h"

namespace minnow::ops {

/// Inputs: indices (numbers), values [off, on] of any type. Output: an axis of `depth` is added;
/// `on` stands where the index (negative: from the end) is, nowhere if it is out of range.
struct OneHot final : OperatorBase<OneHot> {
  static constexpr OpKind kKind = OpKind::OneHot;
  int64_t axis = -1;
  int64_t depth = 0;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("depth", depth);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override { return attribute == "depth"; }
};

/// Zeroes what lies below (upper) or above (lower) the `diagonal`-th diagonal of the last two axes.
struct Trilu final : OperatorBase<Trilu> {
  static constexpr OpKind kKind = OpKind::Trilu;
  bool upper = true;
  int64_t diagonal = 0;

  template <class V>
  void fields(V& v) {
    v("upper", upper);
    v("diagonal", diagonal);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override { return attribute == "diagonal"; }
  bool sizesFollow(std::string_view) const MINNOW_CONVERSION_OVERRIDE { return false; }
};

/// Reverses the first lengths[b] (input 1, int64) elements of every batch along `timeAxis`.
struct ReverseSequence final : OperatorBase<ReverseSequence> {
  static constexpr OpKind kKind = OpKind::ReverseSequence;
  int64_t batchAxis = 1, timeAxis = 0;

  template <class V>
  void fields(V& v) {
    v("batchAxis", batchAxis);
    v("timeAxis", timeAxis);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
};

}  // namespace minnow::ops
