// One row a code of the engine's.
#include "errors.h"

#include <algorithm>

namespace minnowgst {

namespace {
struct Row {
  minnow::ErrorCode ours;
  GQuark (*domain)();
  gint code;
};
using enum minnow::ErrorCode;
constexpr Row kRows[] = {
    {InvalidArgument, gst_library_error_quark, GST_LIBRARY_ERROR_SETTINGS},
    {NotFound, gst_resource_error_quark, GST_RESOURCE_ERROR_NOT_FOUND},
    {Io, gst_resource_error_quark, GST_RESOURCE_ERROR_OPEN_READ},
    {BadModel, gst_library_error_quark, GST_LIBRARY_ERROR_INIT},
    {VersionMismatch, gst_library_error_quark, GST_LIBRARY_ERROR_INIT},
    {Unsupported, gst_stream_error_quark, GST_STREAM_ERROR_FORMAT},
    {ShapeMismatch, gst_library_error_quark, GST_LIBRARY_ERROR_SETTINGS},
    {OutOfMemory, gst_resource_error_quark, GST_RESOURCE_ERROR_NO_SPACE_LEFT},
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
