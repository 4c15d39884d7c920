// Rules for Operator::dataAxes that operators share, and what they are told.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

/// The inputs of an operator of which some have extents that data decide.
class DataInputs {
 public:
  /// `last` is the last number given away in the graph.
  DataInputs(std::span<const TensorType> types, std::span<const DataAxes> axes, int32_t& last)
      : types_(types), axes_(axes), last_(last) {}

  size_t count() const { return types_.size(); }
  const Shape& shape(size_t input) const { return types_[input].shape; }
  const DataAxes& axes(size_t input) const { return axes_[input]; }
  /// The number of an axis, 0 where its extent is known.
  int32_t at(size_t input, int axis) const { return axes_[input][axis]; }
  /// True if all extents of the inputs from `first` on are known.
  bool knownFrom(size_t first) const;
  /// A number that no axis has yet.
  int32_t fresh() const { return ++last_; }

 private:
  std::span<const TensorType> types_;
  std::span<const DataAxes> axes_;
  int32_t& last_;
};

/// True if data decide any extent.
bool anyFromData(const DataAxes& axes);

/// For outputs whose axes are input 0's, as far as their extents can vary: along the axes of the
/// mask the operator is right for any extent. nullopt where data decide another extent.
std::optional<DataAxes> axesOfInput(const DataInputs& in, uint32_t mask = ~0U);

/// For outputs of the shape that the first `count` inputs broadcast to, the last `trailing` axes of
/// each aside. Whether an axis of unknown extent is repeated must not depend on data: it meets its
/// equals and axes of extent 1, nothing else.
std::optional<DataAxes> axesBroadcast(const DataInputs& in, size_t count, int trailing = 0);

/// The number of an axis that axes [first, last) of input 0 become, in row-major order.
int32_t axisOfProduct(const DataInputs& in, int first, int last);

}  // namespace minnow::ops
