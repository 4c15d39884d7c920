// Video files and cameras by FFmpeg's libraries, and writing video. They are a module of their own, minnow_video.so,
// which is loaded when it is asked for: with all that they load, a program needs a tenth of a second to begin.
#pragma once

#include "reader.h"

namespace minnow::frames {

class VideoWriter {
 public:
  virtual ~VideoWriter() = default;
  /// RGB of the video's width and height, `seconds` after the first and later than the one before.
  virtual Result<void> write(const vision::ImageView& picture, double seconds) = 0;
  /// The file is whole. Without it, it is of no use.
  virtual Result<void> finish() = 0;
  /// "H.264" or "Motion JPEG", where FFmpeg has no encoder for the first.
  virtual std::string coding() const = 0;
};

/// A file; /dev/video0, a camera; or DEVICE:WHAT, what an input device of libavdevice gives, as
/// lavfi:testsrc. Of a camera `rate` frames a second are asked for.
Result<std::unique_ptr<Reader>> readVideo(const std::string& from, double rate);
/// `path` ends in .mp4, .mkv or .avi; width and height are even.
Result<std::unique_ptr<VideoWriter>> writeVideo(const std::string& path, int width, int height,
                                                double rate);

struct VideoModule;
/// The module, loaded; else why there is no video, and what to do.
Result<const VideoModule*> videoModule();

/// What the module has; it gives the address of one by minnowVideoModule().
struct VideoModule {
  Result<std::unique_ptr<Reader>> (*read)(const std::string& from, double rate);
  Result<std::unique_ptr<VideoWriter>> (*write)(const std::string& path, int width, int height,
                                                double rate);
};

}  // namespace minnow::frames
