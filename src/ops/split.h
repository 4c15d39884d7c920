// Split (ONNX Split) along an axis, by sizes or into a number of parts. Every output is a view.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

struct Split final : OperatorBase<Split> {
  static constexpr OpKind kKind = OpKind::Split;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow, .movedInputs = 0b1};
  int64_t axis = 0;            ///< -rank … rank-1
  std::vector<int64_t> sizes;  ///< one an output; empty: `parts` equal ones, the last the smallest
  int64_t parts = 0;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("sizes", sizes);
    v("parts", parts);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  Result<void> inferInto(std::span<const TensorType> inputs,
                         std::span<TensorType> outputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override { return attribute == "sizes"; }
  bool mayLackOutput(int) const override { return true; }
  bool isIdentity(std::span<const TensorType>) const MINNOW_CONVERSION_OVERRIDE;
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input,
                                int index) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
  /// Where output `index` begins along the axis, for attributes that inferShape accepts.
  int64_t startOf(int64_t extent, int index) const;

 private:
  size_t count() const { return sizes.empty() ? static_cast<size_t>(parts) : sizes.size(); }
  Result<int> checkedAxis(std::span<const TensorType> inputs) const;
};

}  // namespace minnow::ops
