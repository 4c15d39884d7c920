// minnowinfer: runs a model on video frames and attaches what it finds.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
GType minnow_infer_get_type();
GST_ELEMENT_REGISTER_DECLARE(minnowinfer)
G_END_DECLS
