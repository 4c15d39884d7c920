// Shared rules of dataAxes.
#include "ops/data_axes.h"

namespace minnow::ops {

bool anyFromData(const DataAxes& axes) {
  return std::ranges::any_of(axes, [](int32_t number) { return number != 0; });
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
  bool wide = false;  ///< some operand's extent is known and not 1

  bool add(int32_t another, int64_t extent) {
    if (another == 0) wide = wide || extent != 1;
    if (another != 0 && number != 0 && another != number) return false;
    if (another != 0) number = another;
    return number == 0 || !wide;
  }
};
}  // namespace

std::optional<DataAxes> axesBroadcast(const DataInputs& in, size_t count, int trailing) {
  int rank = 0;
  for (size_t i = 0; i < count; ++i) rank = std::max(rank, in.shape(i).rank() - trailing);
  DataAxes axes{};
  for (int axis = 0; axis < rank; ++axis) {
    Meeting meeting;
    for (size_t i = 0; i < count; ++i) {
      const int own = axis - (rank - (in.shape(i).rank() - trailing));
      if (own >= 0 && !meeting.add(in.at(i, own), in.shape(i)[own])) return std::nullopt;
    }
    axes[axis] = meeting.number;
  }
  return axes;
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
