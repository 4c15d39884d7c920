// The back-end "cl".
#include "backend/cl/cl.h"

#include "backend/cl/device.h"
#include "backend/gpu/gpu.h"

namespace minnow::backend {

const Backend& clBackend() {
  static const gpu::DeviceBackend backend("cl", &cl::Device::get);
  return backend;
}

Result<ClDevice> openClDevice(const ClDevice& own) { return cl::Device::shared(own); }

}  // namespace minnow::backend
