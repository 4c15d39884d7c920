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
  static constexpr Facts kFacts{.movedInputs = 0b1};
  int64_t axis = 0;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// Output has the indices' shape; the index replaces the coordinate along `axis`.
struct GatherElements final : OperatorBase<GatherElements> {
  static constexpr OpKind kKind = OpKind::GatherElements;
  static constexpr Facts kFacts{.movedInputs = 0b1};
  int64_t axis = 0;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
};

/// The indices' last axis holds the first coordinates of what is read, after `batchAxes` axes that
/// data and indices share.
struct GatherNd final : OperatorBase<GatherNd> {
  static constexpr OpKind kKind = OpKind::GatherNd;
  static constexpr Facts kFacts{.movedInputs = 0b1};
  int64_t batchAxes = 0;

  template <class V>
  void fields(V& v) {
    v("batchAxes", batchAxes);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
};

}  // namespace minnow::ops
