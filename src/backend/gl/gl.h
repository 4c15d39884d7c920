// OpenGL ES 3.1 as a back-end: compute shaders, through EGL without a window. Float32 is near the
// CPU's but not its bits: a shader's multiply-add may round twice, and division as the device
// likes.
#pragma once

#include "backend/backend.h"

namespace minnow::backend {

const Backend& glBackend();
/// minnow::glDevice().
Result<GlDevice> openGlDevice();

}  // namespace minnow::backend
