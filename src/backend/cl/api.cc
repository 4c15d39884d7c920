// Looking OpenCL up.
#include "backend/cl/api.h"

#include <dlfcn.h>

#include "base/fail.h"

namespace minnow::backend::cl {
namespace {

#ifdef __ANDROID__
constexpr const char* kLibraries[] = {"libOpenCL.so"};
constexpr const char* kAdvice = "this phone's maker gives none to applications";
#else
constexpr const char* kLibraries[] = {"libOpenCL.so.1", "libOpenCL.so"};
constexpr const char* kAdvice =
    "install the loader and a driver: on Debian ocl-icd-libopencl1 and your GPU's, or "
    "pocl-opencl-icd, which computes on the CPU";
#endif

Result<Api> load() {
  void* library = nullptr;
  for (const char* name : kLibraries)
    if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return fail(ErrorCode::Unsupported, "there is no OpenCL on this machine (", kLibraries[0],
                "); ", kAdvice);
  Api found{};
  const char* missing = nullptr;
#define MINNOW_CL(name)                                                       \
  found.name = reinterpret_cast<decltype(found.name)>(dlsym(library, #name)); \
  if (found.name == nullptr) missing = #name;
#include "backend/cl/functions.inc"
#undef MINNOW_CL
  if (missing != nullptr)
    return fail(ErrorCode::Unsupported, "the machine's OpenCL has no ", missing,
                ", which OpenCL 1.2 has; install a later driver");
  return found;
}

struct CodeName {
  cl_int code;
  const char* name;
};
constexpr CodeName kNames[] = {
    {CL_DEVICE_NOT_AVAILABLE, "CL_DEVICE_NOT_AVAILABLE"},
    {CL_COMPILER_NOT_AVAILABLE, "CL_COMPILER_NOT_AVAILABLE"},
    {CL_MEM_OBJECT_ALLOCATION_FAILURE, "CL_MEM_OBJECT_ALLOCATION_FAILURE"},
    {CL_OUT_OF_RESOURCES, "CL_OUT_OF_RESOURCES"},
    {CL_OUT_OF_HOST_MEMORY, "CL_OUT_OF_HOST_MEMORY"},
    {CL_MAP_FAILURE, "CL_MAP_FAILURE"},
    {CL_BUILD_PROGRAM_FAILURE, "CL_BUILD_PROGRAM_FAILURE"},
    {CL_INVALID_VALUE, "CL_INVALID_VALUE"},
    {CL_INVALID_BUFFER_SIZE, "CL_INVALID_BUFFER_SIZE"},
    {CL_INVALID_KERNEL_ARGS, "CL_INVALID_KERNEL_ARGS"},
    {CL_INVALID_WORK_GROUP_SIZE, "CL_INVALID_WORK_GROUP_SIZE"},
    {CL_INVALID_CONTEXT, "CL_INVALID_CONTEXT"},
    {CL_INVALID_COMMAND_QUEUE, "CL_INVALID_COMMAND_QUEUE"},
    {CL_INVALID_BINARY, "CL_INVALID_BINARY"},
    {CL_INVALID_KERNEL_NAME, "CL_INVALID_KERNEL_NAME"},
    {CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"},
};

const char* nameOf(cl_int code) {
  for (const CodeName& one : kNames)
    if (one.code == code) return one.name;
  return "see CL/cl.h";
}

bool isMemoryShort(cl_int code, While when) {
  return code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_HOST_MEMORY ||
         (when == While::Making && (code == CL_OUT_OF_RESOURCES || code == CL_INVALID_BUFFER_SIZE));
}

bool isGone(cl_int code, While when) {
  return when == While::Running || code == CL_DEVICE_NOT_AVAILABLE || code == CL_INVALID_CONTEXT ||
         code == CL_INVALID_COMMAND_QUEUE;
}

}  // namespace

Result<Api*> api() {
  static Result<Api> loaded = load();
  if (!loaded) return passOn(loaded);
  return &*loaded;
}

Result<void> check(cl_int code, const char* call, const std::string& device, While when) {
  if (code == CL_SUCCESS) return {};
  const std::string what =
      text("cl: ", call, " failed with ", code, " (", nameOf(code), ") on ", device);
  if (isMemoryShort(code, when))
    return fail(ErrorCode::OutOfMemory, what,
                ": the device's memory is short; run fewer frames and sessions at once or smaller "
                "inputs, or make the session again with the back-end \"cpu\"");
  if (isGone(code, when)) return fail(ErrorCode::DeviceFailed, what);
  return fail(ErrorCode::Unsupported, what);
}

}  // namespace minnow::backend::cl
