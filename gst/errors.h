// The engine's errors as GStreamer's.
#pragma once

#include <gst/gst.h>

#include "minnow/status.h"

namespace minnowgst {

/// An error message of the element on its bus, with the engine's text.
void post(GstElement* element, const minnow::Error& error);

}  // namespace minnowgst
