// A picture on its way into a tensor, checked: where its pixels are, where they go, and in which
// order that is safe.
#pragma once

#include <optional>

#include "base/fail.h"
#include "vision/resample.h"

namespace minnow::vision {

/// The tensor's axes by role, and where the picture lies in it.
struct Target {
  TensorView view;
  int64_t width = 0, height = 0, channels = 0;  // channels without alpha
  int64_t columnStride = 0, rowStride = 0, channelStride = 0;
  Rect picture;  // the part that the picture fills

  template <class T>
  T* at(int64_t channel, int64_t row, int64_t column) const {
    return view.as<T>() + channel * channelStride + row * rowStride + column * columnStride;
  }
  /// From the first to the last byte.
  ByteRange bytes() const;
  /// Of a channel's piece of one of the picture's rows.
  ByteRange bytesOf(int64_t channel, int row, int column, int count) const;
};

struct Conversion {
  PreProcess pre;
  Rect crop;
  TurnedFrame frame;
  Target target;

  Resize resize() const { return {target.picture.width, target.picture.height, pre.interpolation}; }
};

/// Checks everything but overlap.
Result<Conversion> prepare(const ImageView& src, const PreProcess& pre, const TensorView& dst);

/// In which order pieces of at most kMaxColumns columns are converted.
struct Order {
  bool rowsDescend = false, columnsDescend = false;
};
/// How a frame is converted that lies in the tensor's memory.
struct Route {
  Order order;
  std::optional<Conversion> staged;  ///< from a copy, elsewhere in that memory, that is made first
};

/// True if the frame shares bytes with the tensor.
bool overlaps(const Conversion& conversion);
/// A way in which no byte of the frame is written before it is read.
std::optional<Route> safeRoute(const Conversion& conversion);

}  // namespace minnow::vision
