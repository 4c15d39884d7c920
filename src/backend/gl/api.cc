// Looking EGL and OpenGL ES up.
#include "backend/gl/api.h"

#include <dlfcn.h>

#include <span>

#include "base/fail.h"

namespace minnow::backend::gl {
namespace {

#ifdef __ANDROID__
constexpr const char* kEgl[] = {"libEGL.so"};
constexpr const char* kGles[] = {"libGLESv3.so", "libGLESv2.so"};
constexpr const char* kAdvice = "every phone with Android has both";
#else
constexpr const char* kEgl[] = {"libEGL.so.1", "libEGL.so"};
constexpr const char* kGles[] = {"libGLESv2.so.2", "libGLESv2.so"};
constexpr const char* kAdvice =
    "install it with a driver: on Debian libegl1, libgles2 and your GPU's, or libgl1-mesa-dri, "
    "which "
    "drives most GPUs and computes on the CPU where there is none";
#endif

Result<void*> opened(std::span<const char* const> names) {
  for (const char* name : names)
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  return fail(ErrorCode::Unsupported, "there is no OpenGL ES on this machine (", names[0], "); ",
              kAdvice);
}

template <class Function>
void find(void* library, const Api& api, const char* name, Function& function,
          const char*& missing) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr && api.eglGetProcAddress != nullptr)
    function = reinterpret_cast<Function>(api.eglGetProcAddress(name));
  if (function == nullptr) missing = name;
}

Result<Api> load() {
  const auto egl = opened(kEgl);
  if (!egl) return passOn(egl);
  const auto gles = opened(kGles);
  if (!gles) return passOn(gles);
  Api found{};
  const char* missing = nullptr;
  found.eglGetProcAddress =
      reinterpret_cast<decltype(found.eglGetProcAddress)>(dlsym(*egl, "eglGetProcAddress"));
#define MINNOW_EGL(name) find(*egl, found, #name, found.name, missing);
#define MINNOW_GL(name) find(*gles, found, #name, found.name, missing);
#include "backend/gl/functions.inc"
#undef MINNOW_EGL
#undef MINNOW_GL
  if (missing != nullptr)
    return fail(ErrorCode::Unsupported, "the machine's OpenGL ES has no ", missing,
                ", which OpenGL ES 3.1 has; install a later driver");
  const char* optional = nullptr;
  find(*egl, found, "eglGetPlatformDisplayEXT", found.platformDisplay, optional);
  find(*egl, found, "eglQueryDevicesEXT", found.queryDevices, optional);
  find(*egl, found, "eglQueryDeviceStringEXT", found.queryDeviceString, optional);
  find(*gles, found, "glEGLImageTargetTexture2DOES", found.imageToTexture, optional);
  return found;
}

struct CodeName {
  int code;
  const char* name;
};
constexpr CodeName kNames[] = {
    {GL_INVALID_ENUM, "GL_INVALID_ENUM"},
    {GL_INVALID_VALUE, "GL_INVALID_VALUE"},
    {GL_INVALID_OPERATION, "GL_INVALID_OPERATION"},
    {GL_OUT_OF_MEMORY, "GL_OUT_OF_MEMORY"},
    {0x0507, "GL_CONTEXT_LOST"},
    {EGL_NOT_INITIALIZED, "EGL_NOT_INITIALIZED"},
    {EGL_BAD_ACCESS, "EGL_BAD_ACCESS"},
    {EGL_BAD_ALLOC, "EGL_BAD_ALLOC"},
    {EGL_BAD_ATTRIBUTE, "EGL_BAD_ATTRIBUTE"},
    {EGL_BAD_CONFIG, "EGL_BAD_CONFIG"},
    {EGL_BAD_CONTEXT, "EGL_BAD_CONTEXT"},
    {EGL_BAD_DISPLAY, "EGL_BAD_DISPLAY"},
    {EGL_BAD_MATCH, "EGL_BAD_MATCH"},
    {EGL_BAD_PARAMETER, "EGL_BAD_PARAMETER"},
    {EGL_CONTEXT_LOST, "EGL_CONTEXT_LOST"},
};

std::unexpected<Error> failed(int code, bool memory, const char* call) {
  const char* words = "see EGL/egl.h and GLES3/gl31.h";
  for (const CodeName& one : kNames)
    if (one.code == code) words = one.name;
  const bool gone = code == 0x0507 || code == EGL_CONTEXT_LOST;
  return fail(memory ? ErrorCode::OutOfMemory
              : gone ? ErrorCode::DeviceFailed
                     : ErrorCode::Unsupported,
              "gl: ", call, " failed with ", code, " (", words, ")",
              gone ? "" : "; a session of the back-end \"cpu\" does without the device");
}

}  // namespace

Result<const Api*> api() {
  static const Result<Api> loaded = load();
  if (!loaded) return passOn(loaded);
  return &*loaded;
}

std::unexpected<Error> failedEgl(const Api& api, const char* call) {
  const EGLint code = api.eglGetError();
  return failed(code, code == EGL_BAD_ALLOC, call);
}

Result<void> check(GLenum code, const char* call) {
  if (code == GL_NO_ERROR) return {};
  return failed(static_cast<int>(code), code == GL_OUT_OF_MEMORY, call);
}

}  // namespace minnow::backend::gl
