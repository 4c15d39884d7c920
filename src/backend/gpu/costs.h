// What a device takes by estimate, or as it was measured.
#pragma once

#include "backend/backend.h"
#include "backend/gpu/device.h"

namespace minnow::backend::gpu {

/// In nanoseconds on the scale of the CPU's estimates (backend/reference/host.h). As they stand
/// here: a device ten times as fast as a core.
struct Costs {
  double launch = 5000;           ///< to start a kernel
  double sums = 100, bytes = 40;  ///< computed, and read or written, in a nanosecond
  double crossing = 10'000;       ///< to wait for a copy
  double crossingBytes = 4;       ///< copied in a nanosecond

  double of(const Work& work) const;
  double ofCrossing(size_t bytes) const;
};

/// As the device's cache has them or, for the next time, measured: by a convolution that `host`
/// computes too, by small sums and by copies, of each the least of several. Those above where there
/// is no cache, or the device fails.
Costs costsOf(const Backend& backend, Device& device, const Backend& host);

}  // namespace minnow::backend::gpu
