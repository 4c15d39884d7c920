// OpenCL's functions, found in the system's library when they are first wanted: one program runs
// where there is one and where there is none.
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "minnow/status.h"

namespace minnow::backend::cl {

/// Those of OpenCL 1.2 that this room calls.
struct Api {
#define MINNOW_CL(name) decltype(&::name) name;
#include "backend/cl/functions.inc"
#undef MINNOW_CL
};

/// An error that says what to install where there is no OpenCL. Tests put functions of their own
/// into the table.
Result<Api*> api();

/// What was done when a function failed: something is made, or the device is at work.
enum class While : uint8_t { Making, Running };

/// An error for a code that is not CL_SUCCESS: OutOfMemory, DeviceFailed, or Unsupported for what the
/// device cannot make. `call` is the function that gave it, `device` the device's name.
Result<void> check(cl_int code, const char* call, const std::string& device,
                   While when = While::Making);

}  // namespace minnow::backend::cl
