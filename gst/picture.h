// GStreamer's raw video as the engine's pictures: formats, strides, colours.
#pragma once

#include <gst/video/video.h>

#include <array>
#include <vector>

#include "minnow/image.h"

namespace minnowgst {

/// Caps of the formats that have a picture format.
GstCaps* pictureCaps();

/// What a stream's caps say of its pictures.
class PictureFormat {
 public:
  /// Refused is what would be read with wrong colours: interlaced frames, other matrices and ranges.
  static minnow::Result<PictureFormat> of(const GstVideoInfo& info);
  const GstVideoInfo& info() const { return info_; }
  /// A mapped frame's pixels, where they lie.
  minnow::vision::ImageView view(const GstVideoFrame& frame) const;

 private:
  GstVideoInfo info_{};
  minnow::vision::PixelFormat format_{};
  minnow::vision::YuvColour colour_{};
  std::vector<uint8_t> neutral_;  // a row of chroma, for grey of limited range
};

/// A buffer's frame, mapped for as long as this lives.
class MappedFrame {
 public:
  static minnow::Result<MappedFrame> map(const GstVideoInfo& info, GstBuffer* buffer,
                                         GstMapFlags flags);
  MappedFrame(MappedFrame&& other) noexcept;
  MappedFrame& operator=(MappedFrame&&) = delete;
  ~MappedFrame();
  const GstVideoFrame& operator*() const { return frame_; }

 private:
  MappedFrame() = default;
  GstVideoFrame frame_{};
};

/// The same pixels in RGB, as writeImage converts them.
minnow::Result<minnow::vision::Image> rgbOf(const minnow::vision::ImageView& picture);

}  // namespace minnowgst
