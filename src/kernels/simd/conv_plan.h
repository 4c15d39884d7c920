// How a convolution is computed: a pure function of attributes, shapes and strides, never of the
// CPU. The number of threads decides only how the work is cut, which no bit depends on.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/kernel.h"
#include "kernels/packing.h"
#include "ops/conv.h"

namespace minnow::kernels::simd {

/// A tensor as images of rows of pixels; one spatial axis counts as an image of height 1.
struct Image {
  int64_t batch = 1, channels = 0, height = 1, width = 1;
  int64_t batchStride = 0, channelStride = 1, rowStride = 0, pixelStride = 0;

  Image() = default;
  explicit Image(const TensorView& view);
  bool channelsAdjacent() const { return channelStride == 1 || channels == 1; }
};

/// A convolution over two spatial axes.
struct ConvPlan {
  Image x, y;
  int64_t kernelY = 1, kernelX = 1, strideY = 1, strideX = 1, dilationY = 1, dilationX = 1;
  int64_t padTop = 0, padLeft = 0;
  int64_t groups = 1;
  bool leavesOutPadding = false;  ///< kernels need not multiply zeros (ops::Conv)
  PanelShape panels;

  /// The part of the output that is computed. A pointwise convolution's rows may have become one
  /// long row; the rows that are asked for are then a range of its pixels.
  int64_t firstRow = 0, endRow = 0, firstPixel = 0, endPixel = 0;

  bool feasible = true;  ///< false: copying would take too much memory
  /// Input rows are copied with their padding into scratch, so that every tap of every pixel is
  /// memory at a constant distance; else an output row is cut where taps meet the border.
  bool staged = false;
  /// The taps of a kernel row are one contiguous run of kernelX * channels floats.
  bool mergedTaps = false;
  int64_t rowsPerBlock = 1;    ///< output rows computed while their input is in the second cache
  int64_t pixelsPerBlock = 0;  ///< of an output row
  int64_t stagedPixels = 0;    ///< of a copied input row

  int64_t groupInputs() const { return x.channels / groups; }
  int64_t taps() const { return kernelY * (mergedTaps ? 1 : kernelX); }
  int64_t run() const { return groupInputs() * (mergedTaps ? kernelX : 1); }
  /// Input rows under `rows` output rows.
  int64_t inputRows(int64_t rows) const {
    return (rows - 1) * strideY + (kernelY - 1) * dilationY + 1;
  }
  int64_t inputRow(int64_t row, int64_t ky) const {
    return row * strideY - padTop + ky * dilationY;
  }
  int64_t inputColumn(int64_t pixel, int64_t kx) const {
    return pixel * strideX - padLeft + kx * dilationX;
  }
  /// False for a row or a column of padding.
  bool hasRow(int64_t row) const { return row >= 0 && row < x.height; }
  bool hasColumn(int64_t column) const { return column >= 0 && column < x.width; }
  int64_t multiplyAdds() const {
    return y.batch * (endRow - firstRow) * (endPixel - firstPixel) * y.channels * kernelY *
           kernelX * groupInputs();
  }
  int64_t stagedFloats() const {
    return staged ? inputRows(rowsPerBlock) * stagedPixels * x.channels : 0;
  }
};

/// The geometry alone: what depthwise and dense kernels share.
ConvPlan convGeometry(const ops::Conv& conv, const TensorView& x, const TensorView& weights,
                      const TensorView& y, const OutputRows& rows = {});
/// The whole decision for a convolution by panels.
ConvPlan planConv(const ops::Conv& conv, const TensorView& x, const TensorView& weights,
                  const TensorView& y, const OutputRows& rows = {});

}  // namespace minnow::kernels::simd
