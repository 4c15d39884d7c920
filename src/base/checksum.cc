// One word at a time.
#include "base/checksum.h"

#include <algorithm>
#include <cstring>

namespace minnow::base {

uint64_t checksum(std::span<const std::byte> bytes) {
  constexpr uint64_t kPrime = 0x100000001b3;
  uint64_t hash = 0xcbf29ce484222325;
  while (!bytes.empty()) {
    uint64_t word = 0;
    const size_t step = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), step);
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 32;
    bytes = bytes.subspan(step);
  }
  return hash;
}

}  // namespace minnow::base
