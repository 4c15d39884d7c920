// Writing by index: ScatterElements and ScatterND (ONNX). Inputs: data of any element type, indices
// int32 or int64, updates of data's type. Output: data with the updates written (or added, …) one
// after another in the indices' row-major order.
#pragma once

#include "ops/gather.h"

namespace minnow::ops {

enum class ScatterReduction : uint8_t { None, Add, Mul, Max, Min, kCount };

struct ScatterElements final : OperatorBase<ScatterElements> {
  static constexpr OpKind kKind = OpKind::ScatterElements;
  int64_t axis = 0;
  ScatterReduction reduction = ScatterReduction::None;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("reduction", reduction, static_cast<int>(ScatterReduction::kCount));
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  /// With indices that stay, and where nothing is multiplied.
  Trend trend(int index) const MINNOW_CONVERSION_OVERRIDE;
  bool mayRunInPlace(int index) const override { return index == 0; }
};

struct ScatterNd final : OperatorBase<ScatterNd> {
  static constexpr OpKind kKind = OpKind::ScatterNd;
  ScatterReduction reduction = ScatterReduction::None;

  template <class V>
  void fields(V& v) {
    v("reduction", reduction, static_cast<int>(ScatterReduction::kCount));
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  /// With indices that stay, and where nothing is multiplied.
  Trend trend(int index) const MINNOW_CONVERSION_OVERRIDE;
  bool mayRunInPlace(int index) const override { return index == 0; }
};

}  // namespace minnow::ops
