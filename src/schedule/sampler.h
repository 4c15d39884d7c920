// Which frames of a stream a model looks at, and what that means for its period and jitter.
#pragma once

#include "schedule/task.h"

namespace minnow::schedule {

class Sampler {
 public:
  /// `rate` frames a second of a stream that has `frameRate`; 0: every `every`-th frame. A rate that
  /// the stream's is a multiple of counts frames too, so that its frames come evenly.
  Sampler(double rate, int every, double frameRate);

  bool takes(Nanos captured);
  Nanos period() const { return period_; }
  /// A frame comes up to one frame of the stream after its time, where that falls between two.
  Nanos jitter() const { return every_ > 0 ? 0 : frame_; }

 private:
  static constexpr Nanos kLongAgo = -kNever / 2;
  Nanos frame_ = 0, period_ = 0;
  int every_ = 1;  // 0: by time
  int64_t seen_ = 0;
  Nanos next_ = kLongAgo;  // the time of the next frame
};

}  // namespace minnow::schedule
