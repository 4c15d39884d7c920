// Elementwise functions of one tensor, as one operator with a function attribute, and as the
// epilogue of convolutions and matrix products. A new function is a line in unary_functions.inc and
// a row in the kernels' families.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

enum class UnaryFn : uint8_t {
#define MINNOW_UNARY(name) name,
#include "ops/unary_functions.inc"
#undef MINNOW_UNARY
  kCount,
  kEpilogueCount = Sin,  ///< the functions before this one may be an epilogue
};

const char* unaryFnName(UnaryFn fn);

/// y = fn(x), of x's type but for IsNaN and IsInf, which give bool. float16 and float64 are
/// computed in float32 where there is no exact way; Abs, Neg, Sign, Relu and BitwiseNot take
/// integers, modulo 2^bits; Identity takes anything. What alpha and beta mean is said in
/// unary_functions.inc.
struct Unary final : OperatorBase<Unary> {
  static constexpr OpKind kKind = OpKind::Unary;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};
  UnaryFn fn = UnaryFn::Identity;
  float alpha = 0;
  float beta = 0;

  template <class V>
  void fields(V& v) {
    v("fn", fn, static_cast<int>(UnaryFn::kCount));
    v("alpha", alpha);
    v("beta", beta);
  }
  std::string name() const override;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool isIdentity(std::span<const TensorType>) const MINNOW_CONVERSION_OVERRIDE {
    return fn == UnaryFn::Identity;
  }
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input,
                                int index) const override;
  Trend trend(int index) const MINNOW_CONVERSION_OVERRIDE;
  bool mayRunInPlace(int) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// A unary float function applied to each element of a result before it is stored.
struct Epilogue {
  UnaryFn fn = UnaryFn::Identity;
  float alpha = 0;
  float beta = 0;

  template <class V>
  void fields(V& v) {
    v("epilogue", fn, static_cast<int>(UnaryFn::kEpilogueCount));
    v("epilogueAlpha", alpha);
    v("epilogueBeta", beta);
  }
};

}  // namespace minnow::ops
