// Results on buffers and on the bus, in GStreamer's own forms: regions of interest everywhere, beside them analytics
// from 1.24 on and tensors from 1.26 on, where the build has them.
#pragma once

#include <gst/gst.h>

#include <map>

#include "inference.h"

namespace minnowgst {

/// A picture's extent in pixels.
struct Extent {
  int width = 0, height = 0;
};

using Colour = std::array<uint8_t, 3>;

/// A feature as a buffer carries it.
struct Attached {
  road::Feature feature;
  Colour colour{};
};

/// A region of interest each: around the feature, of the type of its class or kind. Its parameters have a structure
/// "minnow": model, kind, form ("box", "line", "polygon"), points (doubles x, y, x, y …), text, score, colour.
void attach(GstBuffer* buffer, const std::vector<road::Feature>& features, Colour colour,
            Extent extent);
/// What was attached before, in order.
std::vector<Attached> attached(GstBuffer* buffer);
/// The same, and regions of others as boxes: objects of that class, of score 0.
std::vector<Attached> regions(GstBuffer* buffer);
/// The n-th of attached() is now this.
void replace(GstBuffer* buffer, size_t n, const road::Feature& feature);

/// Ids of tensors, by name, out of MODEL.modelinfo, which GStreamer's other inference elements read too; none where there
/// is no such file.
minnow::Result<std::map<std::string, std::string>> tensorIds(const std::string& model);
/// Nothing where GStreamer is older than tensors.
void attachTensors(GstBuffer* buffer, const std::vector<Output>& outputs,
                   const std::map<std::string, std::string>& ids);

/// {"model", "pts" in ns, "features": […]}, or of a model of kind "tensors" "outputs": [{"name", "type", "shape",
/// "values"}], values where there are at most kMostValues.
std::string describe(const std::string& model, GstClockTime pts, const Found& found);
inline constexpr int64_t kMostValues = 4096;

}  // namespace minnowgst
