#include "schedule/sampler.h"

#include <cmath>

namespace minnow::schedule {

Sampler::Sampler(double rate, int every, double frameRate)
    : frame_(static_cast<Nanos>(kSecond / frameRate)), every_(std::max(every, 1)) {
  if (rate > 0) {
    const double frames = frameRate / rate;
    const bool even = std::abs(frames - std::round(frames)) < 1e-6 * frames;
    every_ = even ? static_cast<int>(std::lround(frames)) : 0;
    period_ = static_cast<Nanos>(kSecond / rate);
  }
  if (every_ > 0) period_ = static_cast<Nanos>(every_ * kSecond / frameRate);
}

/// Times are a period apart; a frame belongs to a time from half a frame before it on. A stream that
/// stalled begins anew.
bool Sampler::takes(Nanos captured) {
  if (every_ > 0) return seen_++ % every_ == 0;
  if (captured < next_ - frame_ / 2) return false;
  const bool stalled = next_ == kLongAgo || captured - next_ > period_;
  next_ = (stalled ? captured : next_) + period_;
  return true;
}

}  // namespace minnow::schedule
