// The engine's errors as GStreamer's.
#pragma once

#include <gst/gst.h>

#include <exception>
#include <new>

#include "minnow/status.h"

namespace minnowgst {

/// An error message of the element on its bus, with the engine's text.
void post(GstElement* element, const minnow::Error& error);

/// What the standard library throws as an error, before GStreamer's C sees it.
template <class F>
auto guarded(F f) -> decltype(f()) {
  using enum minnow::ErrorCode;
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return std::unexpected(minnow::Error{OutOfMemory, "memory has ended"});
  } catch (const std::exception& e) {
    return std::unexpected(minnow::Error{Internal, e.what()});
  }
}

}  // namespace minnowgst
