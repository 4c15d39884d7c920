// Inputs that already lie on a device and outputs that are wanted there: what an application's own
// kernels computed, or a camera's frame in a texture, goes into a session without a copy through
// the process's memory.
//
//   auto cl = orExit(minnow::clDevice());  // the engine's context and queue
//   auto frame = orExit(session.begin());
//   orExit(frame.bindInput("images", minnow::DeviceTensor{.cl = pixels}));  // of cl.context
//   orExit(frame.bindInput("camera", minnow::DevicePicture{
//       .width = 640, .height = 360, .texture = name}));  // of OpenGL ES
//   orExit(frame.run());
//
// What is bound is copied on the device to where the session has its input, by one kernel: the
// layout there is the engine's, operators may overwrite it, and what is the application's is only
// read. It is in none of the engine's accounts; the input's own places, in the arena and in the
// frame's block, are planned as they are without it.
//
// Who waits for whom. A session's commands are in one queue of the device, in order.
// - Before: what the application enqueued in that queue itself (clDevice) is done before. Else it
//   has to be complete before run(), or `ready` says when it is, and the device waits for that, not
//   the caller.
// - After: run() returns when everything is done. Until then what is bound must stay as it is; then
//   it may be written again, and an output may be read, by whatever queue or context.
#pragma once

#include "minnow/image.h"
#include "minnow/runtime.h"

// As CL/cl.h has them: cl_mem is _cl_mem*.
struct _cl_device_id;      // NOLINT(bugprone-reserved-identifier)
struct _cl_context;        // NOLINT(bugprone-reserved-identifier)
struct _cl_command_queue;  // NOLINT(bugprone-reserved-identifier)
struct _cl_mem;            // NOLINT(bugprone-reserved-identifier)

#pragma GCC visibility push(default)

namespace minnow {

/// Where the back-end "cl" computes. Handles stay valid as long as the process.
struct ClDevice {
  _cl_device_id* device = nullptr;
  _cl_context* context = nullptr;
  _cl_command_queue* queue = nullptr;  ///< in order
};
/// Opens it. An application without a context of its own makes its buffers in this one; a buffer
/// belongs to one context. One that has a context, which its other libraries share, gives it, with
/// a device of it (null for the context's first) and a queue (null for one of the engine's own):
/// before the first session, and before backendsHere(), of the process. InvalidArgument where the
/// device is open with another context, or the queue is not in order; Unsupported where there is no
/// OpenCL, saying what to install.
Result<ClDevice> clDevice(const ClDevice& own = {});

/// Where the back-end "gl" computes: an EGLDisplay, and an EGLContext of OpenGL ES 3.1 that is
/// current on no thread for long.
struct GlDevice {
  void* display = nullptr;
  void* context = nullptr;
};
/// Opens it. Textures and buffers are seen by both where the application's context shares with this
/// one: it is made with this one as eglCreateContext's share_context, or was current on the thread
/// that made the process's first session. An EGLImage of the display needs no sharing. Unsupported
/// where there is no OpenGL ES.
Result<GlDevice> glDevice();

/// A tensor of the application's in memory of the session's device; one of the two.
struct DeviceTensor {
  /// Of OpenCL, of exactly the tensor's bytes: float32, row-major in the model's own axis order
  /// (N,C,H,W). Retained while it is bound. A clCreateSubBuffer of a larger one will do.
  _cl_mem* cl = nullptr;
  /// Of OpenGL ES, the name of a buffer object, the same there. Not deleted while it is bound.
  unsigned gl = 0;
  /// A cl_event, or a GLsync: what is begun after binding waits for it, on the device. Flushed by
  /// the application (clFlush, glFlush), which may release it as soon as the call returns. Null
  /// where nothing is under way.
  void* ready = nullptr;
};

/// A picture of the application's on the session's device, of 8 bits in each of red, green, blue
/// and alpha; one of the three. The input becomes what vision::writeImage makes of the same pixels
/// with `pre`: the same bits on OpenCL, within 1e-6 of the largest by OpenGL ES. After crop and
/// turn its extents must be the input's: nothing is resized here. Row 0 is the first in memory, and
/// of a texture that at t = 0; what was drawn bottom-up is turned by {.turn =
/// {Rotation::Clockwise180, .mirror = true}}.
struct DevicePicture {
  int width = 0, height = 0;
  vision::PreProcess pre = {};
  /// A cl_mem of 4 * width * height bytes, rows without gaps; retained while it is bound.
  _cl_mem* cl = nullptr;
  /// The name of a GL_TEXTURE_2D of the format GL_RGBA8 or GL_RGB8, level 0. Not deleted while it
  /// is bound.
  unsigned texture = 0;
  /// An EGLImage of GlDevice::display: a camera's frame, also one in YUV, which the driver makes
  /// RGB. It may be destroyed as soon as the call returns. Of an image in YUV the extents are taken
  /// on trust.
  void* image = nullptr;
  void* ready = nullptr;  ///< as of a DeviceTensor
};

}  // namespace minnow

#pragma GCC visibility pop
