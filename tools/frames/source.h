// Frames as a camera gives them: each at its time, and those that nobody was there for are lost and counted. A file is
// shown as if it were a camera, and again from its beginning.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "reader.h"

namespace minnow::frames {

struct SourceFrame {
  std::shared_ptr<const vision::Image> picture;
  std::chrono::steady_clock::time_point captured;
  uint64_t number = 0;  ///< of those that were given, from 0 on
  int scene = 0;        ///< another one after every cut: the next picture, or the beginning again
};

class Source {
 public:
  /// "synthetic"; a picture or a folder of them, each for `hold` seconds; "camera", which is /dev/video0; or what readVideo
  /// opens. `rate` is for what has none of its own.
  static Result<Source> open(const std::string& from, double rate, double hold = 0);

  /// Frames a second: its own, else what it was opened with.
  double rate() const { return reader_->rate(); }
  /// Seconds until it begins anew; 0 where it does not.
  double length() const { return reader_->length(); }
  /// For measuring, before frames are asked for.
  const std::shared_ptr<const vision::Image>& example() const { return example_; }
  /// Files that are read, where they are known.
  const std::vector<std::string>& files() const { return files_; }

  /// Waits for the next frame.
  Result<SourceFrame> next();
  /// Frames whose successors had come before anybody asked for them.
  uint64_t lost() const { return lost_; }
  uint64_t damaged() const { return reader_->damaged(); }

 private:
  using Clock = std::chrono::steady_clock;
  explicit Source(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
  Result<void> advance();
  Clock::time_point captured() const;

  std::unique_ptr<Reader> reader_;
  std::vector<std::string> files_;
  std::shared_ptr<const vision::Image> example_;
  bool started_ = false;
  Clock::time_point start_;
  double offset_ = 0;  // of this time through, in seconds
  double newest_ = 0;
  int times_ = 0;  // through
  uint64_t given_ = 0, lost_ = 0;
};

}  // namespace minnow::frames
