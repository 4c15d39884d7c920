// y = condition ? a : b, element by element with numpy broadcasting (ONNX Where). Inputs: condition
// (bool), a and b of one type, whatever it is.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct Where final : OperatorBase<Where> {
  static constexpr OpKind kKind = OpKind::Where;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow, .movedInputs = ~1u};

  template <class V>
  void fields(V&) {}
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  Trend trend(int index) const MINNOW_CONVERSION_OVERRIDE {
    return index == 0 ? Trend::Either : Trend::Rising;
  }
  bool mayRunInPlace(int index) const override { return index > 0; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
