// One kernel of several.
#pragma once

#include <span>
#include <string>

#include "backend/gpu/device.h"

namespace minnow::backend::cl {

/// A kernel `joined`, which computes parts of a table (gpu/joined.cc) by these kernels, one part after
/// another: `range.x` to `range.y`. The text of each is there by itself, with the names that it declares
/// made its own.
std::string joinedText(std::span<const gpu::KernelName> kernels);

}  // namespace minnow::backend::cl
