// Operators that choose elements by their values: TopK, NonZero, Compress, NonMaxSuppression
// (ONNX), and Choose. Where the size of the result depends on data, the output type is the largest it can be,
// and the kernel lowers the output's shape.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

/// The k largest (or smallest) elements along an axis, in order; equal ones by rising index; NaN
/// counts as largest. Outputs: values, indices (int64).
struct TopK final : OperatorBase<TopK> {
  static constexpr OpKind kKind = OpKind::TopK;
  int64_t axis = -1;
  int64_t k = 1;
  bool largest = true;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("k", k);
    v("largest", largest);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override { return attribute == "k"; }
  bool mayLackOutput(int) const override { return true; }
};

/// Coordinates of the elements that are not zero: int64, one row an axis, one column an element.
struct NonZero final : OperatorBase<NonZero> {
  static constexpr OpKind kKind = OpKind::NonZero;
  static constexpr Facts kFacts{.sizesFromData = true};

  template <class V>
  void fields(V&) {}
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
};

/// The slices along an axis (or, flat, the elements) whose condition (input 1, bool) is true.
struct Compress final : OperatorBase<Compress> {
  static constexpr OpKind kKind = OpKind::Compress;
  static constexpr Facts kFacts{.sizesFromData = true};
  int64_t axis = 0;
  bool flat = true;  ///< without an axis

  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("flat", flat);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
};

/// Inputs: boxes [batch, boxes, 4] and scores [batch, classes, boxes], float32; then, each of one
/// element and in place of the attribute of its name where it is there, mostPerClass (int64),
/// iouThreshold and scoreThreshold (float32). Output: int64 rows of batch, class, box; by batch,
/// class and falling score (equal scores by rising box). A score of NaN is larger than no
/// threshold, and where there is none comes after all numbers.
struct NonMaxSuppression final : OperatorBase<NonMaxSuppression> {
  static constexpr OpKind kKind = OpKind::NonMaxSuppression;
  static constexpr Facts kFacts{.sizesFromData = true};
  int64_t mostPerClass = 0;
  float iouThreshold = 0;    ///< boxes that overlap a better one by more are dropped
  float scoreThreshold = 0;  ///< if `hasScoreThreshold`, scores must be larger
  bool hasScoreThreshold = false;
  bool centred = false;  ///< boxes are x, y of the centre, width, height; else y1, x1, y2, x2

  template <class V>
  void fields(V& v) {
    v("mostPerClass", mostPerClass);
    v("iouThreshold", iouThreshold);
    v("scoreThreshold", scoreThreshold);
    v("hasScoreThreshold", hasScoreThreshold);
    v("centred", centred);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  int64_t elementsVisited(std::span<const TensorType> inputs,
                          std::span<const TensorType> outputs) const override;

 private:
  Result<void> checkLimits(std::span<const TensorType> inputs) const;
};

/// Input 1 or input 2, of one type and rank: as input 0, one bool, says.
struct Choose final : OperatorBase<Choose> {
  static constexpr OpKind kKind = OpKind::Choose;
  static constexpr Facts kFacts{.sizesFromData = true, .choosesOne = true};

  template <class V>
  void fields(V&) {}
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Trend trend(int index) const MINNOW_CONVERSION_OVERRIDE {
    return index == 0 ? Trend::Either : Trend::Rising;
  }
};

}  // namespace minnow::ops
