// Softmax, LogSoftmax and Hardmax along one axis, or over an axis and all that follow it (ONNX
// below opset 13 flattens a tensor so). Input: x float32 or float64. Output: the same type and
// shape.
//
// m is the maximum (Reduce's Max), s the sum of exp(x - m) in Reduce's order for the same axes:
// striped if the last axis takes part, sequential otherwise. Softmax is exp(x - m) * (1 / s),
// LogSoftmax (x - m) - log(s). Hardmax is 1 for the first greatest element (ArgMax's) and 0
// elsewhere.
//
// Softmax along one axis may be of 8 bits too, i = m - x counting steps. Further inputs: what says
// whose rule it is, the zero point of the results and of their type, and for ONNX Runtime's their
// scale.
//   scale of x, float32  ONNX Runtime's: e[i] = float(exp((b - i) * scale)) in double, b =
//                        (log(FLT_MAX / n) - 5) / scale of n elements; s their sum in order, in
//                        float32; y = round(e[i] * floor(1 / yScale) / s + yZero), in double
//   int32 [256]          TensorFlow Lite's: e[i] of 31 bits; s = Σ round(e[i] / 2^12), 2^k the power
//                        of two in it; y = round(H(r, e[i]) / 2^(k + 4)) + yZero, where r is 2^31 / s
//                        to 31 bits by three of Newton's steps and H the high half of a product
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
  bool mayRunInPlace(int index) const override { return index == 0; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
