// One row a code of the engine's.
#include "errors.h"

#include <algorithm>

namespace minnowgst {

namespace {
struct Row {
  GQuark (*domain)();
  minnow::ErrorCode ours;
  gint code;
};
using enum minnow::ErrorCode;
constexpr Row kRows[] = {
    {gst_library_error_quark, InvalidArgument, GST_LIBRARY_ERROR_SETTINGS},
    {gst_resource_error_quark, NotFound, GST_RESOURCE_ERROR_NOT_FOUND},
    {gst_resource_error_quark, Io, GST_RESOURCE_ERROR_OPEN_READ},
    {gst_library_error_quark, BadModel, GST_LIBRARY_ERROR_INIT},
    {gst_library_error_quark, VersionMismatch, GST_LIBRARY_ERROR_INIT},
    {gst_stream_error_quark, Unsupported, GST_STREAM_ERROR_FORMAT},
    {gst_library_error_quark, ShapeMismatch, GST_LIBRARY_ERROR_SETTINGS},
    {gst_resource_error_quark, OutOfMemory, GST_RESOURCE_ERROR_NO_SPACE_LEFT},
};
}  // namespace

void post(GstElement* element, const minnow::Error& error) {
  const auto* row = std::ranges::find(kRows, error.code, &Row::ours);
  const bool known = row != std::end(kRows);
  gst_element_message_full(
      element, GST_MESSAGE_ERROR, known ? row->domain() : gst_library_error_quark(),
      known ? row->code : GST_LIBRARY_ERROR_FAILED, g_strdup(error.message.c_str()),
      g_strdup(errorCodeName(error.code)), __FILE__, __func__, __LINE__);
}

}  // namespace minnowgst
