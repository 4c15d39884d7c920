// Matrix product with numpy batch broadcasting (ONNX MatMul), transposition of either side, a bias
// and a fused activation.
// Inputs: a […,M,K], b […,K,N] (with transposeA […,K,M], with transposeB […,N,K]), optional bias
// [N]. A one-dimensional a is one row and a one-dimensional b one column; that axis then leaves the
// output. Output: […,M,N]. Each element is accumulated by fused multiply-add over k in rising order
// from 0; then the bias is added and the epilogue applied. float32 and float64; 32 and 64
// bit integers wrap around and take neither bias nor epilogue.
#pragma once

#include "ops/unary.h"

namespace minnow::ops {

/// The right side, of any rank from 1 on.
WeightMatrices rightSide(const Shape& b, const Strides& strides, bool transposed);

struct MatMul final : OperatorBase<MatMul> {
  static constexpr OpKind kKind = OpKind::MatMul;
  static constexpr Facts kFacts{.takesWeights = true};
  bool transposeA = false, transposeB = false;  ///< of the last two axes; ranks of 2 and more only
  Epilogue epilogue;

  template <class V>
  void fields(V& v) {
    v("transposeA", transposeA);
    v("transposeB", transposeB);
    epilogue.fields(v);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  Epilogue* fusedActivation() MINNOW_CONVERSION_OVERRIDE { return &epilogue; }
  std::optional<LinearAxes> linearAxes(std::span<const TensorType> inputs,
                                       std::span<const TensorType> outputs) const
      MINNOW_CONVERSION_OVERRIDE;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
  std::optional<WeightMatrices> weightMatrices(int index, const Shape& shape,
                                               const Strides& strides) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// The extents of a product whose operands' shapes were validated.
struct MatMulExtents {
  int64_t m = 1, n = 1, k = 1;
  Shape batch;  ///< broadcast batch axes
};
Result<MatMulExtents> matMulExtents(const Shape& a, const Shape& b, bool transposeA,
                                    bool transposeB);
/// The output's shape: batch axes, then M and N unless the operand that gives it has one dimension.
Shape matMulShape(const MatMulExtents& extents, const Shape& a, const Shape& b);

}  // namespace minnow::ops
