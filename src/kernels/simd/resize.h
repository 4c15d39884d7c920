// Resize of N,C,H,W float32 by nearest and (bi)linear sampling of H and W, row by row.
#pragma once

#include "kernels/resize_tables.h"

namespace minnow::kernels::simd {

bool acceptsResize(const ops::Operator& op, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs);

Result<void> runResize(const ops::Operator& op, const KernelArgs& args);

/// One row: pixel p reads at[0] and at[1] (its input rows) at the table's offsets; H's weights are
/// those of the row. `taps` of H is 1 or 2. Lanes run over channels when `channelStep` is 1.
struct ResizeRow {
  const float* at[2];
  float weight[2];
  int64_t rowTaps = 1;
  const AxisTable* columns = nullptr;
  int64_t pixels = 0, channels = 0;
  float* to = nullptr;
  int64_t toPixel = 0;
};

}  // namespace minnow::kernels::simd
