// Sliding windows over spatial axes: the attributes that convolutions and poolings share, and what
// they come to on an axis of known extent. Here alone is padding resolved: shape rules, rows and
// kernels all ask along(), so that an input of another extent gets the padding of that extent.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

/// A window along one axis, with the padding that this axis gets.
struct SlidingWindow {
  int64_t kernel = 1, stride = 1, dilation = 1;
  int64_t padBegin = 0, padEnd = 0;

  /// Positions from the window's first tap to its last.
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
  /// How far the window can move over an axis of that extent; negative where it does not fit.
  int64_t room(int64_t extent) const { return extent + padBegin + padEnd - reach(); }
  /// Where on the axis a tap of the window at `position` falls; outside it on padding.
  int64_t tapAt(int64_t position, int64_t tap) const {
    return position * stride - padBegin + tap * dilation;
  }
};

/// Padding that follows from the extent of the axis (ONNX Conv, "auto_pad"): as much as gives
/// ceil(extent / stride) windows, and none where windows leave positions between them unread
/// (stride > kernel). Of an odd number the one more goes to the end (SameUpper) or to the beginning
/// (SameLower).
enum class AutoPad : uint8_t { None, SameUpper, SameLower, kCount };

/// The part of `total` positions of padding that comes before the axis.
constexpr int64_t padBefore(AutoPad mode, int64_t total) {
  return mode == AutoPad::SameUpper ? total / 2 : total - total / 2;
}

struct WindowAttributes {
  std::vector<int64_t> kernel, strides, dilations;  ///< one number a spatial axis
  std::vector<int64_t> padsBegin, padsEnd;          ///< to these autoPad adds its own
  AutoPad autoPad = AutoPad::None;

  template <class V>
  void fields(V& v) {
    v("kernel", kernel);
    v("strides", strides);
    v("dilations", dilations);
    v("padsBegin", padsBegin);
    v("padsEnd", padsEnd);
    v("autoPad", autoPad, static_cast<int>(AutoPad::kCount));
  }
  /// Fails unless each list has one number in range for each of `spatial` axes, 1 to 3.
  Result<void> check(int spatial) const;
  /// The window along one spatial axis of an input, for attributes that check() accepts.
  SlidingWindow along(int axis, int64_t extent) const;
};

/// The windows along all spatial axes of x [N,C,spatial…].
template <class Op>
std::array<SlidingWindow, 3> windowsOver(const Op& op, const Shape& x) {
  std::array<SlidingWindow, 3> windows;
  for (int axis = 2; axis < x.rank(); ++axis) windows[axis - 2] = op.along(axis - 2, x[axis]);
  return windows;
}

/// dataAxes() of a sliding window: right for any N and any spatial extent.
std::optional<DataAxes> axesOfWindows(const DataInputs& in);

/// The rows of an input of that extent that lie under the windows of the output's rows.
Rows rowsUnderWindow(const Rows& output, const SlidingWindow& window, int64_t extent);

}  // namespace minnow::ops
