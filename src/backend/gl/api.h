// EGL's and OpenGL ES's functions, found in the system's libraries when they are first wanted: one
// program runs where there are some and where there are none.
#pragma once

#define EGL_NO_X11  // nor any other window system
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl31.h>
// Behind it, which has types that it wants.
#include <GLES2/gl2ext.h>

#include "minnow/status.h"

namespace minnow::backend::gl {

/// Those that this room calls.
struct Api {
#define MINNOW_EGL(name) decltype(&::name) name;
#define MINNOW_GL(name) decltype(&::name) name;
#include "backend/gl/functions.inc"
#undef MINNOW_EGL
#undef MINNOW_GL
  // Null where EGL has no such extension.
  PFNEGLGETPLATFORMDISPLAYEXTPROC platformDisplay;
  PFNEGLQUERYDEVICESEXTPROC queryDevices;
  PFNEGLQUERYDEVICESTRINGEXTPROC queryDeviceString;
  PFNGLEGLIMAGETARGETTEXTURE2DOESPROC imageToTexture;  ///< likewise, of OpenGL ES
};

/// An error that says what to install where there is no OpenGL ES.
Result<const Api*> api();

/// The error of a function of EGL that has just failed: OutOfMemory or DeviceFailed.
std::unexpected<Error> failedEgl(const Api& api, const char* call);

/// The same for a code that is not GL_NO_ERROR; `call` is what gave it.
Result<void> check(GLenum code, const char* call);

}  // namespace minnow::backend::gl
