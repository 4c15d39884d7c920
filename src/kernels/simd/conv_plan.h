// How a convolution is computed: a pure function of attributes, shapes and strides, never of the
// CPU. The number of threads decides only how the work is cut, which no bit depends on.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/kernel.h"
#include "kernels/packing.h"
#include "ops/conv.h"

namespace minnow::kernels::simd {

/// A tensor as planes of rows of pixels: an image is one plane, and one spatial axis counts as an
/// image of height 1.
struct Image {
  int64_t batch = 1, channels = 0, depth = 1, height = 1, width = 1;
  int64_t batchStride = 0, channelStride = 1, planeStride = 0, rowStride = 0, pixelStride = 0;

  Image() = default;
  explicit Image(const TensorView& view);
  bool channelsAdjacent() const { return channelStride == 1 || channels == 1; }
};

/// A row of a plane; of the input it may be padding.
struct RowIndex {
  int64_t plane = 0, row = 0;
};

/// A convolution over three spatial axes, of which the first may have one element.
struct ConvPlan {
  Image x, y;
  int64_t kernelZ = 1, kernelY = 1, kernelX = 1;
  int64_t strideZ = 1, strideY = 1, strideX = 1;
  int64_t dilationZ = 1, dilationY = 1, dilationX = 1;
  int64_t padFront = 0, padTop = 0, padLeft = 0;
  int64_t groups = 1;
  bool leavesOutPadding = false;  ///< kernels need not multiply zeros (ops::Conv)
  PanelShape panels;
  int64_t widenedFloats = 0;  ///< of weights that are stored as float16

  /// The part of every output plane that is computed. A pointwise convolution's rows may have become one
  /// long row; the rows that are asked for are then a range of its pixels.
  int64_t firstRow = 0, endRow = 0, firstPixel = 0, endPixel = 0;

  bool feasible = true;  ///< false: copying would take too much memory
  /// Input rows are copied with their padding into scratch, so that every tap of every pixel is
  /// memory at a constant distance, and so that a tile's pixels do not share the sets of the first
  /// cache; else an output row is cut where taps meet the border.
  bool staged = false;
  /// The taps of a kernel row are one contiguous run of kernelX * channels floats.
  bool mergedTaps = false;
  int64_t rowsPerBlock = 1;    ///< output rows computed while their input is in the second cache
  int64_t pixelsPerBlock = 0;  ///< of an output row
  int64_t stagedPixels = 0;    ///< of a copied input row
  int64_t stagedStep = 0;      ///< from one of them to the next

  int64_t groupInputs() const { return x.channels / groups; }
  /// Rows of the kernel, plane after plane.
  int64_t kernelRows() const { return kernelZ * kernelY; }
  int64_t taps() const { return kernelRows() * (mergedTaps ? 1 : kernelX); }
  int64_t run() const { return groupInputs() * (mergedTaps ? kernelX : 1); }
  /// Input columns under adjacent pixels of an output row.
  int64_t columnsUnder(int64_t pixels) const {
    return (pixels - 1) * strideX + (kernelX - 1) * dilationX + 1;
  }
  /// Input rows of a plane under `rows` output rows.
  int64_t inputRows(int64_t rows) const {
    return (rows - 1) * strideY + (kernelY - 1) * dilationY + 1;
  }
  /// The input row under kernel row `k` of an output row.
  RowIndex inputRow(const RowIndex& out, int64_t k) const {
    return {out.plane * strideZ - padFront + k / kernelY * dilationZ,
            out.row * strideY - padTop + k % kernelY * dilationY};
  }
  int64_t inputColumn(int64_t pixel, int64_t kx) const {
    return pixel * strideX - padLeft + kx * dilationX;
  }
  /// False for a row or a column of padding.
  bool hasRow(const RowIndex& in) const {
    return in.plane >= 0 && in.plane < x.depth && in.row >= 0 && in.row < x.height;
  }
  bool hasColumn(int64_t column) const { return column >= 0 && column < x.width; }
  int64_t multiplyAdds() const {
    return y.batch * y.depth * (endRow - firstRow) * (endPixel - firstPixel) * y.channels *
           kernelRows() * kernelX * groupInputs();
  }
  int64_t stagedFloats() const {
    return staged ? kernelZ * inputRows(rowsPerBlock) * stagedPixels * stagedStep : 0;
  }
};

/// The geometry alone: what depthwise and dense kernels share.
ConvPlan convGeometry(const ops::Conv& conv, const TensorView& x, const TensorView& weights,
                      const TensorView& y, const OutputRows& rows = {});
/// The whole decision for a convolution by panels.
ConvPlan planConv(const ops::Conv& conv, const TensorView& x, const TensorView& weights,
                  const TensorView& y, const OutputRows& rows = {});

}  // namespace minnow::kernels::simd
