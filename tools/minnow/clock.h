// Milliseconds since the clock was made.
#pragma once

#include <chrono>

namespace minnow::tool {

class Clock {
 public:
  double ms() const {
    const std::chrono::duration<double, std::milli> passed = Now::now() - start_;
    return passed.count();
  }

 private:
  using Now = std::chrono::steady_clock;
  Now::time_point start_ = Now::now();
};

}  // namespace minnow::tool
