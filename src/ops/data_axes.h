// Rules for Operator::dataAxes that operators share, and what they are told.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

struct InRun;  // ops/in_run.h

/// In place of a number: each output has an extent of its own.
inline constexpr int32_t kOwnOfEach = -1;

/// The inputs of an operator of which some have extents that data decide.
class DataInputs {
 public:
  /// `last` is the last number given away in the graph; a run sets attributes as `inRun` says.
  DataInputs(std::span<const TensorType> types, std::span<const DataAxes> axes, int32_t& last,
             const InRun* inRun = nullptr)
      : types_(types), axes_(axes), last_(last), inRun_(inRun) {}

  size_t count() const { return types_.size(); }
  std::span<const TensorType> types() const { return types_; }
  /// Other operands of the same graph.
  DataInputs with(std::span<const TensorType> types, std::span<const DataAxes> axes) const {
    return {types, axes, last_};
  }
  /// The first of the inputs.
  DataInputs first(size_t count, const InRun* inRun) const {
    return {types_.first(count), axes_.first(count), last_, inRun};
  }
  /// The least that element `index` of an attribute can be, where `most` is what it has: the same
  /// unless a run sets it to another number.
  int64_t least(std::string_view attribute, size_t index, int64_t most) const;
  float least(std::string_view attribute, size_t index, float most) const;
  /// True unless a run sets the element to another number than `most`.
  template <class T>
  bool isKnown(std::string_view attribute, size_t index, T most) const {
    return least(attribute, index, most) == most;
  }
  /// Of rank 0 where there is no such input.
  const Shape& shape(size_t input) const {
    static constexpr Shape kNone;
    return input < types_.size() ? types_[input].shape : kNone;
  }
  const DataAxes& axes(size_t input) const {
    static constexpr DataAxes kKnown{};
    return input < axes_.size() ? axes_[input] : kKnown;
  }
  /// The number of an axis, 0 where its extent is known.
  int32_t at(size_t input, int axis) const { return axes(input)[axis]; }
  std::vector<DataAxes> allAxes() const { return {axes_.begin(), axes_.end()}; }
  /// True if all extents of the inputs from `first` on are known.
  bool knownFrom(size_t first) const;
  /// A number that no axis has yet.
  int32_t fresh() const { return ++last_; }

 private:
  std::span<const TensorType> types_;
  std::span<const DataAxes> axes_;
  int32_t& last_;
  const InRun* inRun_;
};

/// True if data decide any extent.
bool anyFromData(const DataAxes& axes);

/// For outputs whose axes are input 0's, as far as their extents can vary: along the axes of the
/// mask the operator is right for any extent. nullopt where data decide another extent.
std::optional<DataAxes> axesOfInput(const DataInputs& in, uint32_t mask = ~0U);

/// For outputs of the shape that the first `count` inputs broadcast to, the last `trailing` axes of
/// each aside. What meets a known extent other than 1 has that extent or 1, or the run fails.
DataAxes axesBroadcast(const DataInputs& in, size_t count, int trailing = 0);

/// The inputs' types for inferShape() where data decide extents of the first `count`, which
/// broadcast: an unknown extent is the largest that fits the others.
std::vector<TensorType> fittedToBroadcast(const DataInputs& in, size_t count, int trailing = 0);

/// Inputs of which some axes have one extent, or the run fails.
class AlikeAxes {
 public:
  explicit AlikeAxes(const DataInputs& in)
      : types_(in.types().begin(), in.types().end()), axes_(in.allAxes()) {}

  /// Both get the extent that is known, or the lesser of the largest.
  void join(size_t a, int axisOfA, size_t b, int axisOfB);
  const DataAxes& axes(size_t input) const { return axes_[input]; }
  const std::vector<DataAxes>& allAxes() const { return axes_; }
  /// For inferShape().
  const std::vector<TensorType>& types() const { return types_; }
  Shape& shape(size_t input) { return types_[input].shape; }

 private:
  std::vector<TensorType> types_;
  std::vector<DataAxes> axes_;
};

/// The number of an axis that axes [first, last) of input 0 become, in row-major order.
int32_t axisOfProduct(const DataInputs& in, int first, int last);

}  // namespace minnow::ops
