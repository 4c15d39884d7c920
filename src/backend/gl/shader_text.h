// The text of a shader: what it shares with OpenCL's kernel of the same name is taken from that one.
#pragma once

#include <string>
#include <string_view>

#include "backend/gpu/device.h"

namespace minnow::backend::gl {

/// All that the driver compiles for a kernel, or "" if a text is not what is expected of it.
std::string shaderText(const gpu::KernelName& name);

/// Numbers such as 0x1.8p-3f, which GLSL does not know, as decimal ones that are read back the same.
std::string withDecimalNumbers(std::string_view text);

/// The struct that a kernel of OpenCL C takes last, as GLSL, filled from `uniform int words[]`, and
/// called g. "" if there is none.
std::string geometryText(std::string_view kernels, const std::string& function);

}  // namespace minnow::backend::gl
