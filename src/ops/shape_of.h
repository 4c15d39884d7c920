// A tensor's extents as a row of integers (ONNX Shape): axes [start, end), each clamped to
// [0, rank] after rank is added to a negative one. Input: x, of any type, whose elements are not
// read. Output: int64, of rank 1.
#pragma once

#include <limits>

#include "ops/operator.h"

namespace minnow::ops {

struct ShapeOf final : OperatorBase<ShapeOf> {
  static constexpr OpKind kKind = OpKind::ShapeOf;
  static constexpr Facts kFacts{.readsElements = false};
  int64_t start = 0;
  int64_t end = std::numeric_limits<int64_t>::max();

  template <class V>
  void fields(V& v) {
    v("start", start);
    v("end", end);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;

  struct Axes {
    int first = 0, end = 0;
  };
  Axes axesOf(int rank) const;
};

}  // namespace minnow::ops
