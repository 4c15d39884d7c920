// OpenCL 1.2 as a back-end: any device with a driver, found when it is first asked for. Its float32
// has the CPU's bits where the device rounds fma, division and square root correctly; numbers below
// 2^-126 are kept by most devices, and the CPU takes them for 0.
#pragma once

#include "backend/backend.h"

namespace minnow::backend {

const Backend& clBackend();
/// minnow::clDevice().
Result<ClDevice> openClDevice(const ClDevice& own);

}  // namespace minnow::backend
