// Window attributes of convolutions and poolings.
#include "converter/onnx/window.h"

namespace minnow::converter {
namespace {

std::vector<int64_t> spatialList(const NodeContext& node, const char* name, size_t count,
                                 int64_t otherwise) {
  std::vector<int64_t> list = node.integers(name);
  if (list.empty()) list.assign(count, otherwise);
  if (list.size() != count) node.broken(std::string(name) + " has the wrong length");
  return list;
}

ops::AutoPad autoPadOf(const std::string& mode) {
  if (mode == "SAME_UPPER") return ops::AutoPad::SameUpper;
  return mode == "SAME_LOWER" ? ops::AutoPad::SameLower : ops::AutoPad::None;
}

}  // namespace

ops::WindowAttributes readWindow(const NodeContext& node, const Shape& weights) {
  if (node.rank(0) < 3) node.broken("the input has no spatial axes");
  const auto spatial = static_cast<size_t>(node.rank(0) - 2);
  ops::WindowAttributes window;
  window.kernel = node.integers("kernel_shape");
  if (window.kernel.empty() && weights.rank() > 2)
    window.kernel.assign(weights.begin() + 2, weights.end());
  if (window.kernel.size() != spatial) node.broken("kernel_shape does not fit the input's rank");
  window.strides = spatialList(node, "strides", spatial, 1);
  window.dilations = spatialList(node, "dilations", spatial, 1);
  for (size_t i = 0; i < spatial; ++i)
    for (int64_t number : {window.kernel[i], window.strides[i], window.dilations[i]})
      if (number < 1 || number > ops::kMaxExtent)
        node.broken("kernel, strides and dilations must be at least 1, and at most 2^30");
  const std::string mode = node.string("auto_pad", "NOTSET");
  window.autoPad = autoPadOf(mode);
  const bool automatic = window.autoPad != ops::AutoPad::None || mode == "VALID";
  if (!automatic && mode != "NOTSET" && !mode.empty())
    node.broken("auto_pad '" + mode + "' is unknown");
  std::vector<int64_t> pads = spatialList(node, "pads", 2 * spatial, 0);
  if (automatic) pads.assign(2 * spatial, 0);
  const auto middle = pads.begin() + static_cast<ptrdiff_t>(spatial);
  window.padsBegin.assign(pads.begin(), middle);
  window.padsEnd.assign(middle, pads.end());
  return window;
}

ops::WindowAttributes readPaddedWindow(const NodeContext& node, const Shape& weights) {
  if (node.has("auto_pad")) node.broken(node.type() + " has no auto_pad; give it pads");
  return readWindow(node, weights);
}

}  // namespace minnow::converter
