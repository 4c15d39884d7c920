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
};

const char* nameOf(cl_int code) {
  for (const CodeName& one : kNames)
    if (one.code == code) return one.name;
  return "see CL/cl.h";
}

bool isMemoryShort(cl_int code) {
  return code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_RESOURCES ||
         code == CL_OUT_OF_HOST_MEMORY || code == CL_INVALID_BUFFER_SIZE;
}

}  // namespace

Result<const Api*> api() {
  static const Result<Api> loaded = load();
  if (!loaded) return std::unexpected(loaded.error());
  return &*loaded;
}

Result<void> check(cl_int code, const char* call) {
  if (code == CL_SUCCESS) return {};
  return fail(isMemoryShort(code) ? ErrorCode::OutOfMemory : ErrorCode::Unsupported, "cl: ", call,
              " failed with ", code, " (", nameOf(code),
              "); a session of the back-end \"cpu\" does without the device");
}

}  // namespace minnow::backend::cl
