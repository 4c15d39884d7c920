// The back-end "gl".
#include "backend/gl/gl.h"

#include "backend/gl/device.h"
#include "backend/gpu/gpu.h"

namespace minnow::backend {

const Backend& glBackend() {
  static const gpu::DeviceBackend backend("gl", &gl::Device::get);
  return backend;
}

Result<GlDevice> openGlDevice() { return gl::Device::shared(); }

}  // namespace minnow::backend
