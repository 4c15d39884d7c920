// Convolution over 1, 2 or 3 spatial axes, grouped, dilated (ONNX Conv), with a fused activation.
// Inputs: x [N,C,spatial…] float32, w [O,C/groups,kernel…] float32, optional bias [O] float32.
// Output: [N,O,spatial…]. Each element is accumulated by fused multiply-add from 0 over (kz, ky, kx,
// channel) in rising order, a tap that falls on padding multiplying zero; then the bias is added
// and the epilogue applied. With `winograd`, which conversion decides, the order is another one
// (kernels/reference/winograd.cc), and 36 products stand for 144. An infinity or a NaN of the input
// then reaches all results of its tiles of 4x4, not only those of whose windows it is a part. Weights
// may then be [O,C,6,6]: what their 3x3 taps are at the points of the tiles, of the same bits.
//
// A tap on padding may be left out without a change of any bit where weights are finite and no bias
// is -0. A product with zero then is a zero, which leaves every sum as it is but one that is zero
// itself, and that one can only change its sign: the sign of a zero is lost in the next product that
// is none, or at last when the bias is added, as -0 and +0 both give +0 with +0.
#pragma once

#include "ops/unary.h"
#include "ops/window.h"

namespace minnow::ops {

/// Weights [O,C/groups,kernel…]: the depth is the taps, then the channels of a group.
WeightMatrices convWeights(int64_t groups, const Shape& shape, const Strides& strides);

struct Conv final : OperatorBase<Conv>, WindowAttributes {
  static constexpr OpKind kKind = OpKind::Conv;
  static constexpr Facts kFacts{
      .layoutRole = LayoutRole::Spatial, .takesWeights = true, .rowsStandAlone = false};
  int64_t groups = 1;
  bool leavesOutPadding = false;  ///< weights are finite, and no bias is -0
  Epilogue epilogue;
  /// Computed in tiles of 4x4 results by Winograd's F(4,3): for a 3x3 kernel over two axes, of
  /// strides and dilations of 1, in one group.
  bool winograd = false;
  static constexpr int kWinogradTile = 4;
  static constexpr int kWinogradPatch = kWinogradTile + 2;  ///< points along an axis

  template <class V>
  void fields(V& v) {
    WindowAttributes::fields(v);
    v("groups", groups);
    v("leavesOutPadding", leavesOutPadding);
    epilogue.fields(v);
    v("winograd", winograd);
  }
  /// True if `winograd` may be set.
  bool fitsWinograd() const;
  /// True if weights of a convolution in tiles are not 3x3, but lie at its 6x6 points already.
  static bool areAtPoints(const Shape& weights) { return weights[2] == kWinogradPatch; }
  bool* inTiles() MINNOW_CONVERSION_OVERRIDE { return fitsWinograd() ? &winograd : nullptr; }
  bool hasTransformedWeights(std::span<const TensorType> inputs) const MINNOW_CONVERSION_OVERRIDE {
    return winograd && areAtPoints(inputs[1].shape);
  }
  int64_t multiplyAddsPerCall(std::span<const TensorType> inputs) const MINNOW_CONVERSION_OVERRIDE;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Epilogue* fusedActivation() MINNOW_CONVERSION_OVERRIDE { return &epilogue; }
  void takeThatZerosAddNothing() MINNOW_CONVERSION_OVERRIDE { leavesOutPadding = true; }
  std::optional<LinearAxes> linearAxes(std::span<const TensorType> inputs,
                                       std::span<const TensorType> outputs) const
      MINNOW_CONVERSION_OVERRIDE;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
  std::optional<WeightMatrices> weightMatrices(int index, const Shape& shape,
                                               const Strides& strides) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
