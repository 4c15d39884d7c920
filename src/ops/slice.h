// Slice (ONNX Slice 10+): every step-th element of [start, end) along some axes. Negative starts
// and ends count from the end, both are clamped, negative steps walk backwards. A view unless a
// step is negative. An exact one takes the place of a Gather: its range must lie on the axis, also
// when inputs are resized, and is not clamped to it.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

struct Slice final : OperatorBase<Slice> {
  static constexpr OpKind kKind = OpKind::Slice;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow, .movedInputs = 0b1};
  std::vector<int64_t> starts, ends, axes, steps;  ///< all of one length
  bool exact = false;

  /// The indices start, start + step, … taken of one axis; `count` of them.
  struct Range {
    int64_t start = 0, count = 0, step = 1;
  };
  using Ranges = std::array<Range, kMaxRank>;
  /// One range an axis, inside the input; |step| is at most the axis' extent (1 for an empty axis).
  Result<Ranges> ranges(const Shape& input) const;

  template <class V>
  void fields(V& v) {
    v("starts", starts);
    v("ends", ends);
    v("axes", axes);
    v("steps", steps);
    v("exact", exact);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override {
    return attribute == "starts" || attribute == "ends" || attribute == "axes" ||
           attribute == "steps";
  }
  bool isIdentity(std::span<const TensorType>) const MINNOW_CONVERSION_OVERRIDE;
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input, int) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
