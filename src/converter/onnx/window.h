// The attributes that convolutions and poolings share: kernel_shape, strides, dilations, pads and
// auto_pad.
#pragma once

#include "converter/onnx/node_context.h"
#include "ops/window.h"

namespace minnow::converter {

/// Reads them for an input of N,C,spatial…; `weights` gives the kernel when kernel_shape is absent
/// (pass an empty shape for poolings, where it is required). pads do not count with auto_pad.
ops::WindowAttributes readWindow(const NodeContext& node, const Shape& weights);

/// The same for operators that have no auto_pad.
ops::WindowAttributes readPaddedWindow(const NodeContext& node, const Shape& weights);

}  // namespace minnow::converter
