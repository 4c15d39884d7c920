// Window attributes of convolutions and poolings.
#include "converter/onnx/window.h"

#include <algorithm>

namespace minnow::converter {
namespace {

std::vector<int64_t> spatialList(const NodeContext& node, const char* name, size_t count,
                                 int64_t otherwise) {
  std::vector<int64_t> list = node.integers(name);
  if (list.empty()) list.assign(count, otherwise);
  if (list.size() != count) node.broken(std::string(name) + " has the wrong length");
  return list;
}

void samePads(Window& window, const Shape& input, bool upper) {
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const int64_t extent = input[static_cast<int>(i) + 2];
    const int64_t reach = (window.kernel[i] - 1) * window.dilations[i] + 1;
    const int64_t out = (extent + window.strides[i] - 1) / window.strides[i];
    const int64_t total = std::max<int64_t>(0, (out - 1) * window.strides[i] + reach - extent);
    window.padsBegin[i] = upper ? total / 2 : total - total / 2;
    window.padsEnd[i] = total - window.padsBegin[i];
  }
}

}  // namespace

Window readWindow(const NodeContext& node, const Shape& input, const Shape& weights) {
  Window window;
  window.kernel = node.integers("kernel_shape");
  if (window.kernel.empty() && weights.rank() > 2)
    window.kernel.assign(weights.begin() + 2, weights.end());
  const size_t spatial = static_cast<size_t>(std::max(0, input.rank() - 2));
  if (window.kernel.size() != spatial) node.broken("kernel_shape does not fit the input's rank");
  window.strides = spatialList(node, "strides", spatial, 1);
  window.dilations = spatialList(node, "dilations", spatial, 1);
  for (size_t i = 0; i < spatial; ++i)
    for (int64_t number : {window.kernel[i], window.strides[i], window.dilations[i]})
      if (number < 1 || number > ops::kMaxExtent)
        node.broken("kernel, strides and dilations must be at least 1, and at most 2^30");
  const std::vector<int64_t> pads = spatialList(node, "pads", 2 * spatial, 0);
  window.padsBegin.assign(pads.begin(), pads.begin() + static_cast<ptrdiff_t>(spatial));
  window.padsEnd.assign(pads.begin() + static_cast<ptrdiff_t>(spatial), pads.end());
  const std::string mode = node.string("auto_pad", "NOTSET");
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    samePads(window, input, mode == "SAME_UPPER");
  else if (mode == "VALID")
    window.padsBegin.assign(spatial, 0), window.padsEnd.assign(spatial, 0);
  else if (mode != "NOTSET" && !mode.empty())
    node.broken("auto_pad '" + mode + "' is unknown");
  return window;
}

}  // namespace minnow::converter
