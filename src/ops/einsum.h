// Sums of products over named axes (ONNX Einsum).
// Inputs: one to eight tensors of one type, float32, float64, int32 or int64. Output: the axes that
// the equation names. Each element is the sum from 0, over the labels that the output lacks in the
// order in which the equation first names them (the last one fastest), of the product of the
// operands from the left; its last multiplication is fused with the addition. Integers wrap around.
#pragma once

#include <array>

#include "ops/operator.h"

namespace minnow::ops {

struct Einsum final : OperatorBase<Einsum> {
  static constexpr OpKind kKind = OpKind::Einsum;
  std::string equation;  ///< "bij,bjk->bik", no blanks; without an arrow: labels named once, in
                         ///< ASCII order

  template <class V>
  void fields(V& v) {
    v("equation", equation);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
};

/// An equation applied to shapes. Labels are numbered; each is one loop.
struct EinsumPlan {
  static constexpr int kMaxOperands = 8, kMaxLabels = 52 + kMaxRank;
  int operands = 0;
  int labels = 0;  ///< the output's come first, in its order; then those that are summed
  int outputRank = 0;
  std::array<int64_t, kMaxLabels> extents{};
  /// Label of each axis of each operand.
  std::array<std::array<int8_t, kMaxRank>, kMaxOperands> axes{};
};

/// Shapes are of as many operands as the equation names, else an error.
Result<EinsumPlan> planEinsum(std::string_view equation, std::span<const Shape> shapes);

}  // namespace minnow::ops
