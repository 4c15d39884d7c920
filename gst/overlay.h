// minnowoverlay: draws what minnowinfer attached to frames.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
GType minnow_overlay_get_type();
GST_ELEMENT_REGISTER_DECLARE(minnowoverlay)
G_END_DECLS
