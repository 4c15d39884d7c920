// Shared rules of dataAxes.
#include "ops/data_axes.h"

#include "ops/in_run.h"

namespace minnow::ops {

bool anyFromData(const DataAxes& axes) {
  return std::ranges::any_of(axes, [](int32_t number) { return number != 0; });
}

int64_t DataInputs::least(std::string_view attribute, size_t index, int64_t most) const {
  return inRun_ ? inRun_->leastOf(attribute, index, most) : most;
}

float DataInputs::least(std::string_view attribute, size_t index, float most) const {
  return inRun_ ? inRun_->leastOf(attribute, index, most) : most;
}

bool DataInputs::knownFrom(size_t first) const {
  return std::ranges::none_of(axes_.subspan(std::min(first, axes_.size())), anyFromData);
}

std::optional<DataAxes> axesOfInput(const DataInputs& in, uint32_t mask) {
  if (!in.knownFrom(1)) return std::nullopt;
  for (int axis = 0; axis < kMaxRank; ++axis)
    if (in.at(0, axis) != 0 && !(mask >> axis & 1)) return std::nullopt;
  return in.axes(0);
}

namespace {
/// What operands that broadcast have along one axis.
struct Meeting {
  int32_t number = 0;
  bool unlike = false;  ///< extents of several numbers
  bool wide = false;    ///< some operand's extent is known and not 1
  int64_t known = 1;
  int64_t largest = -1;  ///< of those that are unknown

  void add(int32_t another, int64_t extent) {
    if (another == 0 && extent != 1) wide = true, known = extent;
    if (another != 0) largest = std::max(largest, extent);
    if (another != 0 && number != 0 && another != number) unlike = true;
    if (another != 0) number = another;
  }
  int64_t most() const { return wide || largest < 0 ? known : largest; }
  int32_t joined(const DataInputs& in) const { return wide ? 0 : unlike ? in.fresh() : number; }
};
}  // namespace

namespace {

/// Operands that broadcast, their last axes aside.
struct Operands {
  const DataInputs& in;
  size_t count;
  int trailing;

  int rank() const {
    int most = 0;
    for (size_t i = 0; i < count; ++i) most = std::max(most, in.shape(i).rank() - trailing);
    return most;
  }
  /// The operand's own number of an axis of the result; negative where it has none.
  int own(size_t operand, int axis) const {
    return axis - (rank() - (in.shape(operand).rank() - trailing));
  }
  Meeting along(int axis) const {
    Meeting meeting;
    for (size_t i = 0; i < count; ++i)
      if (const int at = own(i, axis); at >= 0) meeting.add(in.at(i, at), in.shape(i)[at]);
    return meeting;
  }
};

}  // namespace

DataAxes axesBroadcast(const DataInputs& in, size_t count, int trailing) {
  const Operands operands{in, count, trailing};
  DataAxes axes{};
  for (int axis = 0; axis < operands.rank(); ++axis) axes[axis] = operands.along(axis).joined(in);
  return axes;
}

std::vector<TensorType> fittedToBroadcast(const DataInputs& in, size_t count, int trailing) {
  const Operands operands{in, count, trailing};
  std::vector<TensorType> types(in.types().begin(), in.types().end());
  if (types.size() < count) return types;  // inferShape() tells
  for (int axis = 0; axis < operands.rank(); ++axis) {
    const Meeting meeting = operands.along(axis);
    for (size_t i = 0; i < count; ++i)
      if (const int at = operands.own(i, axis);
          at >= 0 && in.at(i, at) != 0 && types[i].shape[at] > 0)
        types[i].shape[at] = meeting.most();
  }
  return types;
}

void AlikeAxes::join(size_t a, int axisOfA, size_t b, int axisOfB) {
  int32_t &one = axes_[a][axisOfA], &other = axes_[b][axisOfB];
  int64_t &extent = types_[a].shape[axisOfA], &another = types_[b].shape[axisOfB];
  const bool fits = (one != 0 || extent <= another) && (other != 0 || another <= extent);
  if (!fits || (one == 0 && other == 0)) return;  // inferShape() tells
  const int64_t both = one == 0 ? extent : other == 0 ? another : std::min(extent, another);
  extent = another = both;
  one = other = one == 0 || other == 0 ? 0 : one;
}

int32_t axisOfProduct(const DataInputs& in, int first, int last) {
  int32_t number = 0;
  bool alone = true;
  for (int axis = first; axis < last; ++axis) {
    alone = alone && (in.at(0, axis) != 0 ? number == 0 : in.shape(0)[axis] == 1);
    if (in.at(0, axis) != 0) number = in.at(0, axis);
  }
  return number == 0 || alone ? number : in.fresh();
}

}  // namespace minnow::ops
