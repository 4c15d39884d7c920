// Local response normalisation across channels (ONNX LRN).
// Input: x [N,C,…] float32. Output: the same type and shape.
//
// sum: of x² over channels c - floor((size-1)/2) … c + ceil((size-1)/2), as far as they exist, by
// fused multiply-add in rising order from 0; s = fma(alpha / size, sum, bias);
// y = x * exp(-(beta * log(s))).
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct Lrn final : OperatorBase<Lrn> {
  static constexpr OpKind kKind = OpKind::Lrn;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Spatial};
  int64_t size = 1;
  float alpha = 1e-4f;
  float beta = 0.75f;
  float bias = 1.0f;

  template <class V>
  void fields(V& v) {
    v("size", size);
    v("alpha", alpha);
    v("beta", beta);
    v("bias", bias);
  }
  std::string name() const override { return "LRN"; }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  int64_t elementsVisited(std::span<const TensorType> inputs,
                          std::span<const TensorType> outputs) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
