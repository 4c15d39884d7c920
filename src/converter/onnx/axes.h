// Axes as models give them: negative ones count from the end.
#pragma once

#include "converter/onnx/node_context.h"

namespace minnow::converter {

inline int64_t axisOf(const NodeContext& node, int64_t axis, int rank) {
  const auto normal = ops::normaliseAxis(axis, rank);
  if (!normal) node.broken(normal.error().message);
  return *normal;
}

}  // namespace minnow::converter
