// Determinants of square matrices, the last two axes (ONNX Det).
// Input: x float32 or float64. Output: the same type, without those axes. That of a matrix without
// elements is 1.
//
// Gaussian elimination with partial pivoting in double (Golub and Van Loan, Matrix Computations,
// algorithm 3.4.1), rounded once. Step k takes the row from k on with the greatest magnitude in
// column k, the first of equals, and exchanges it with row k; a[i][j] loses (a[i][k] / a[k][k]) *
// a[k][j], rounded at each operation. The result is the product of all a[k][k] from k = 0 on, which
// every exchange negates.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct Det final : OperatorBase<Det> {
  static constexpr OpKind kKind = OpKind::Det;

  template <class V>
  void fields(V&) {}
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
