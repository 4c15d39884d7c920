// The plugin that GStreamer loads.
#include "infer.h"
#include "overlay.h"

static gboolean init(GstPlugin* plugin) {
  return GST_ELEMENT_REGISTER(minnowinfer, plugin) && GST_ELEMENT_REGISTER(minnowoverlay, plugin);
}

#define PACKAGE "minnow"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, minnow,
                  "Convolutional networks by Minnow, in little memory", init, MINNOW_VERSION,
                  "Apache-2.0", "Minnow", "https://minnow.invalid")
