// Softmax, LogSoftmax and Hardmax along one axis, or over an axis and all that follow it (ONNX
// below opset 13 flattens a tensor so). Input: x float32 or float64. Output: the same type and
// shape.
//
// m is the maximum (Reduce's Max), s the sum of exp(x - m) in Reduce's order for the same axes:
// striped if the last axis takes part, sequential otherwise. Softmax is exp(x - m) * (1 / s),
// LogSoftmax (x - m) - log(s). Hardmax is 1 for the first greatest element (ArgMax's) and 0
// elsewhere.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

enum class SoftmaxFn : uint8_t { Softmax, LogSoftmax, Hardmax, kCount };

struct Softmax final : OperatorBase<Softmax> {
  static constexpr OpKind kKind = OpKind::Softmax;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};
  SoftmaxFn fn = SoftmaxFn::Softmax;
  int64_t axis = 0;       ///< not negative
  bool trailing = false;  ///< over the axis and all that follow it

  template <class V>
  void fields(V& v) {
    v("fn", fn, static_cast<int>(SoftmaxFn::kCount));
    v("axis", axis);
    v("trailing", trailing);
  }
  /// The axes normalised over, for a tensor of this rank, as a bit mask.
  uint32_t mask(int rank) const {
    const uint32_t from = 1u << axis;
    return trailing ? (1u << rank) - from : from;
  }
  std::string name() const override;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool mayRunInPlace(int) const override { return true; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
