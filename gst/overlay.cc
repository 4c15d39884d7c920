// The demo's drawing (apps/road/draw.h) as an element; regions of other elements are boxes.
#include "overlay.h"

#include <gst/video/gstvideofilter.h>

#include <algorithm>

#include "draw.h"
#include "results.h"

struct MinnowOverlay {
  GstVideoFilter base;
};
struct MinnowOverlayClass {
  GstVideoFilterClass base;
};
G_DEFINE_TYPE(MinnowOverlay, minnow_overlay, GST_TYPE_VIDEO_FILTER)
GST_ELEMENT_REGISTER_DEFINE(minnowoverlay, "minnowoverlay", GST_RANK_NONE,
                            minnow_overlay_get_type())

namespace {

using namespace minnowgst;
using minnow::vision::Image;

/// Copies rows between a frame and a picture without gaps: which way is the caller's.
template <class Copy>
void forRows(GstVideoFrame* frame, Image& image, Copy copy) {
  auto* row = static_cast<uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(frame, 0));
  uint8_t* pixels = image.pixels.data();
  for (int y = 0; y < image.height; ++y) {
    copy(row, pixels, static_cast<size_t>(image.rowBytes()));
    row += GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0);
    pixels += image.rowBytes();
  }
}

GstFlowReturn draw(GstVideoFilter*, GstVideoFrame* frame) {
  std::vector<road::Feature> features;
  std::map<std::string, Colour> colours;
  for (Attached& one : regions(frame->buffer)) {
    colours[one.feature.model] = one.colour;
    features.push_back(std::move(one.feature));
  }
  if (features.empty()) return GST_FLOW_OK;
  auto image = Image::ofSize(GST_VIDEO_FRAME_WIDTH(frame), GST_VIDEO_FRAME_HEIGHT(frame));
  if (!image) return GST_FLOW_ERROR;
  forRows(frame, *image,
          [](uint8_t* row, uint8_t* pixels, size_t n) { std::copy_n(row, n, pixels); });
  Image drawn = road::annotate(*image, road::mergeAgreeing(features),
                               [&](const std::string& model) { return colours[model]; });
  forRows(frame, drawn,
          [](uint8_t* row, uint8_t* pixels, size_t n) { std::copy_n(pixels, n, row); });
  return GST_FLOW_OK;
}

}  // namespace

static void minnow_overlay_class_init(MinnowOverlayClass* type) {
  auto* element = GST_ELEMENT_CLASS(type);
  GstCaps* caps = gst_caps_from_string(GST_VIDEO_CAPS_MAKE("RGB"));
  for (const auto& [name, direction] : {std::pair{"sink", GST_PAD_SINK}, {"src", GST_PAD_SRC}})
    gst_element_class_add_pad_template(element,
                                       gst_pad_template_new(name, direction, GST_PAD_ALWAYS, caps));
  gst_caps_unref(caps);
  gst_element_class_set_static_metadata(
      element, "Minnow overlay", "Filter/Effect/Video",
      "Draws regions of interest, and all that minnowinfer attached; faces it blurs",
      "Minnow's maintainers");
  GST_VIDEO_FILTER_CLASS(type)->transform_frame_ip = draw;
}

static void minnow_overlay_init(MinnowOverlay*) {}
