// Resize of float32 by nearest and linear sampling of one to three spatial axes, row by row.
#pragma once

#include "kernels/resize_tables.h"

namespace minnow::kernels::simd {

bool acceptsResize(const ops::Operator& op, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs);

Result<void> runResize(const ops::Operator& op, const KernelArgs& args);

/// One row: pixel p reads input rows at[plane][row] at the table's offsets. The weights of planes
/// and rows, one or two each, are those of the row.
struct ResizeRow {
  const float* at[2][2];
  float planeWeight[2], rowWeight[2];
  int64_t planeTaps = 1, rowTaps = 1;
  const AxisTable* columns = nullptr;
  int64_t pixels = 0, channels = 0;
  float* to = nullptr;
  int64_t toPixel = 0;
};

}  // namespace minnow::kernels::simd
