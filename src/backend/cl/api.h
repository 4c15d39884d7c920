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

/// An error that says what to install where there is no OpenCL.
Result<const Api*> api();

/// An error for a code that is not CL_SUCCESS; `call` is the function that gave it.
Result<void> check(cl_int code, const char* call);

}  // namespace minnow::backend::cl
