// Elements converted to another type (ONNX Cast): floats to integers towards zero and saturating (a
// NaN gives 0), integers to narrower integers modulo 2^bits, anything but 0 to true, to narrower
// floats half to even.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct Cast final : OperatorBase<Cast> {
  static constexpr OpKind kKind = OpKind::Cast;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow, .movedInputs = 0b1};
  DataType to = DataType::Float32;

  template <class V>
  void fields(V& v) {
    v("to", to, static_cast<int>(DataType::Uint64) + 1);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  /// Converted.
  bool isIdentity(std::span<const TensorType>) const MINNOW_CONVERSION_OVERRIDE;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
