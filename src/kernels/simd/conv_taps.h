// Where the taps of an output row's pixels read when the input is used in place.
#pragma once

#include <algorithm>

#include "kernels/simd/conv_plan.h"
#include "kernels/simd/panel_tile.h"

namespace minnow::kernels::simd {

/// Pixels [begin, end) of an output row of which every tap column lies on one side of the border.
struct Stretch {
  int64_t begin, end;
};

/// The stretch that begins at `begin`, up to `end` at most.
inline Stretch stretchAt(const ConvPlan& plan, int64_t begin, int64_t end) {
  for (int64_t kx = 0; kx < plan.kernelX; ++kx) {
    // The tap reads column x * strideX + shift: a change comes where that reaches 0 or the width.
    const int64_t shift = kx * plan.dilationX - plan.padLeft;
    for (int64_t border : {-shift, plan.x.width - shift}) {
      const int64_t change = (border + plan.strideX - 1) / plan.strideX;
      if (border > 0 && change > begin) end = std::min(end, change);
    }
  }
  return {begin, end};
}

/// True if no tap column of the stretch lies on padding.
inline bool isInside(const ConvPlan& plan, const Stretch& stretch) {
  const int64_t first = stretch.begin * plan.strideX - plan.padLeft;
  const int64_t last =
      (stretch.end - 1) * plan.strideX - plan.padLeft + (plan.kernelX - 1) * plan.dilationX;
  return first >= 0 && last < plan.x.width;
}

/// The tap of an input row and kernel column kx; pixel 0 is output pixel `pixel`.
inline TapRun tapInPlace(const ConvPlan& plan, const float* image, const float* zeros,
                         const RowIndex& in, int64_t kx, int64_t pixel) {
  const int64_t column = plan.inputColumn(pixel, kx);
  if (!plan.hasRow(in) || !plan.hasColumn(column)) return {zeros, 0};
  return {image + in.plane * plan.x.planeStride + in.row * plan.x.rowStride +
              column * plan.x.pixelStride,
          plan.strideX * plan.x.pixelStride};
}

}  // namespace minnow::kernels::simd
