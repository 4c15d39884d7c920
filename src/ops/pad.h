// Pad (ONNX Pad): adds to, or with negative counts takes from, both ends of every axis.
// Inputs: x of any type; optionally, for Constant, one element of that type (zero without it).
#pragma once

#include "ops/view.h"

namespace minnow::ops {

enum class PadMode : uint8_t { Constant, Reflect, Edge, Wrap, kCount };

struct Pad final : OperatorBase<Pad> {
  static constexpr OpKind kKind = OpKind::Pad;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};
  PadMode mode = PadMode::Constant;
  std::vector<int64_t> padsBegin, padsEnd;  ///< one an axis

  template <class V>
  void fields(V& v) {
    v("mode", mode, static_cast<int>(PadMode::kCount));
    v("padsBegin", padsBegin);
    v("padsEnd", padsEnd);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override {
    return attribute == "padsBegin" || attribute == "padsEnd";
  }
  bool choosesElements(int index) const MINNOW_CONVERSION_OVERRIDE {
    return mode != PadMode::Constant && index == 0;
  }
  bool isIdentity(std::span<const TensorType>) const MINNOW_CONVERSION_OVERRIDE;
  /// Only where it takes and adds nothing, or takes alone.
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input, int) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
  /// Input position along an axis that output position `i` shows; -1 for the constant.
  int64_t source(int axis, int64_t i, int64_t extent) const;
};

}  // namespace minnow::ops
