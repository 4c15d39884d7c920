// Reading by index: Gather, GatherElements, GatherND (ONNX). Inputs: data of any element type,
// indices int32 or int64. A negative index counts from the end; one out of range is an error of the
// run.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

/// Fails unless the type is int32 or int64.
Result<void> expectIndices(const TensorType& indices);

/// Output: data's axes before `axis`, the indices' axes, data's axes after it.
struct Gather final : OperatorBase<Gather> {
  static constexpr OpKind kKind = OpKind::Gather;
  int64_t axis = 0;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool movesElements(int index) const override { return index == 0; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// Output has the indices' shape; the index replaces the coordinate along `axis`.
struct GatherElements final : OperatorBase<GatherElements> {
  static constexpr OpKind kKind = OpKind::GatherElements;
  int64_t axis = 0;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  bool movesElements(int index) const override { return index == 0; }
};

/// The indices' last axis holds the first coordinates of what is read, after `batchAxes` axes that
/// data and indices share.
struct GatherNd final : OperatorBase<GatherNd> {
  static constexpr OpKind kKind = OpKind::GatherNd;
  int64_t batchAxes = 0;

  template <class V>
  void fields(V& v) {
    v("batchAxes", batchAxes);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool movesElements(int index) const override { return index == 0; }
};

}  // namespace minnow::ops
