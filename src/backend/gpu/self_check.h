// Which operators a device computes rightly, found by computing: drivers err.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "backend/gpu/rows.h"

namespace minnow::backend::gpu {

class SelfTest {
 public:
  /// Success, or in words for a user what the device does to operators of this kind. The first of a
  /// kind is tried: itself, on a map of few pixels, against the scalar reference. `backend` is the
  /// device's. What was found is kept in the device's cache.
  Result<void> check(const Backend& backend, Device& device, const Row& row, const Work& work);
  /// What was found to err, a sentence; "" for nothing.
  std::string trouble() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> found_;  // by kind: what is wrong, "" for nothing
};

}  // namespace minnow::backend::gpu
