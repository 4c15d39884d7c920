// Elementwise functions of two tensors with numpy broadcasting, as one operator with a function
// attribute, and a fused activation for what follows a residual sum. A new function is a line in
// binary_functions.inc and a row in the kernels' families.
#pragma once

#include "ops/unary.h"

namespace minnow::ops {

enum class BinaryFn : uint8_t {
#define MINNOW_BINARY(name) name,
#include "ops/binary_functions.inc"
#undef MINNOW_BINARY
  kCount,
  kFirstComparison = Equal,
};

const char* binaryFnName(BinaryFn fn);

/// y = epilogue(fn(a, b)). a and b have one type (Pow's exponent may have another); the epilogue is
/// for float32 results only.
struct Binary final : OperatorBase<Binary> {
  static constexpr OpKind kKind = OpKind::Binary;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};
  BinaryFn fn = BinaryFn::Add;
  Epilogue epilogue;

  template <class V>
  void fields(V& v) {
    v("fn", fn, static_cast<int>(BinaryFn::kCount));
    epilogue.fields(v);
  }
  std::string name() const override;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  Epilogue* fusedActivation() MINNOW_CONVERSION_OVERRIDE { return &epilogue; }
  Trend trend(int index) const MINNOW_CONVERSION_OVERRIDE;
  bool mayRunInPlace(int) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
