// The attributes that convolutions and poolings share: kernel_shape, strides, dilations, pads and
// auto_pad.
#pragma once

#include <vector>

#include "converter/onnx/node_context.h"

namespace minnow::converter {

struct Window {
  std::vector<int64_t> kernel, strides, dilations, padsBegin, padsEnd;
};

/// Reads them for an input of N,C,spatial…; `weights` gives the kernel when kernel_shape is absent
/// (pass an empty shape for poolings, where it is required). auto_pad (SAME_UPPER, SAME_LOWER,
/// VALID, NOTSET) is resolved against the input's extents (ONNX Conv, "auto_pad").
Window readWindow(const NodeContext& node, const Shape& input, const Shape& weights);

}  // namespace minnow::converter
