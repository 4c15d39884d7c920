// The generator of `random:SEED`: SplitMix64 (Steele, Lea, Flood 2014), so that other programs can
// make the same inputs (tests/golden/make_goldens.py does).
#pragma once

#include <cstdint>

namespace minnow::tool {

class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// A multiple of 2^-24 in [0, 1), exact in float32.
  double uniform() { return static_cast<double>(next() >> 40) * 0x1p-24; }

 private:
  uint64_t state_;
};

}  // namespace minnow::tool
