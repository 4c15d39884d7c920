// Sliding windows: checks of the attributes, and padding.
#include "ops/window.h"

#include "ops/data_axes.h"

namespace minnow::ops {

Result<void> WindowAttributes::check(int spatial) const {
  if (spatial < 1 || spatial > 3)
    return fail(ErrorCode::ShapeMismatch, "a window over ", spatial,
                " axes: expected N,C and one to three spatial axes");
  for (const auto* list : {&kernel, &strides, &dilations, &padsBegin, &padsEnd})
    if (list->size() != static_cast<size_t>(spatial))
      return fail(ErrorCode::BadModel, "expected ", spatial, " numbers a spatial attribute, found ",
                  list->size());
  for (int i = 0; i < spatial; ++i) {
    const int64_t least =
        std::min({kernel[i] - 1, strides[i] - 1, dilations[i] - 1, padsBegin[i], padsEnd[i]});
    const int64_t most = std::max({kernel[i], strides[i], dilations[i], padsBegin[i], padsEnd[i]});
    if (least < 0 || most > kMaxExtent || (kernel[i] - 1) * dilations[i] >= kMaxExtent)
      return fail(ErrorCode::BadModel, "kernel, stride, dilation or padding of spatial axis ", i,
                  " is out of range");
  }
  return {};
}

SlidingWindow WindowAttributes::along(int axis, int64_t extent) const {
  SlidingWindow window{kernel[axis], strides[axis], dilations[axis], padsBegin[axis],
                       padsEnd[axis]};
  if (autoPad == AutoPad::None) return window;
  const int64_t padded = extent + window.padBegin + window.padEnd;
  const int64_t positions = (padded + window.stride - 1) / window.stride;
  const int64_t total =
      std::max<int64_t>(0, (positions - 1) * window.stride + window.reach() - padded);
  const int64_t before = padBefore(autoPad, total);
  window.padBegin += before;
  window.padEnd += total - before;
  return window;
}

std::optional<DataAxes> axesOfWindows(const DataInputs& in) {
  auto axes = axesOfInput(in, ~2U);
  for (int axis = 2; axes && axis < kMaxRank; ++axis)
    if ((*axes)[axis] != 0) (*axes)[axis] = in.fresh();
  return axes;
}

Rows rowsUnderWindow(const Rows& output, const SlidingWindow& window, int64_t extent) {
  const int64_t first = window.tapAt(output.begin, 0);
  const int64_t last = window.tapAt(output.end - 1, window.kernel - 1);
  const int64_t begin = std::clamp<int64_t>(first, 0, extent);
  return {output.axis, begin, std::clamp(last + 1, begin, extent)};
}

}  // namespace minnow::ops
