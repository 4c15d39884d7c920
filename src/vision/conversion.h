// A picture on its way into a tensor, checked: where its pixels are and where they go.
#pragma once

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

/// Checks what is asked for and works out the geometry.
Result<Conversion> prepare(const ImageView& src, const PreProcess& pre, const TensorView& dst);

}  // namespace minnow::vision
