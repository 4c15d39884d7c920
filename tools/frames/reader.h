// What a source of frames reads: pictures with times, one after another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "minnow/image.h"
#include "minnow/status.h"

namespace minnow::frames {

class Reader {
 public:
  virtual ~Reader() = default;
  /// Goes to the next frame; false at the end.
  virtual Result<bool> advance() = 0;
  /// Of the frame that it has gone to: seconds since the first, of a camera since its clock began.
  virtual double seconds() const = 0;
  /// Its pixels as RGB; so a frame that nobody wants is not converted.
  virtual Result<std::shared_ptr<const vision::Image>> picture() = 0;
  /// Before the first frame again.
  virtual Result<void> rewind() = 0;
  /// Frames a second.
  virtual double rate() const = 0;
  /// Of all frames; 0 where nobody knows, as of a camera.
  virtual double length() const = 0;
  /// Frames come when they come, and their seconds are those of std::chrono::steady_clock.
  virtual bool isLive() const { return false; }
  /// Counts what shows something else than before: a folder's next picture.
  virtual int scene() const { return 0; }
  /// Frames that could not be decoded and were passed over.
  virtual uint64_t damaged() const { return 0; }
};

/// A picture, or a folder of them by name, each shown for `hold` seconds and for one frame at least; or "synthetic":
/// a bright square that moves over noise. `files`, if not null, gets what was read.
Result<std::unique_ptr<Reader>> readPictures(const std::string& from, double rate, double hold,
                                             std::vector<std::string>* files);

}  // namespace minnow::frames
