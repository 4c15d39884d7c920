// Transposed convolution over 1, 2 or 3 spatial axes, grouped, dilated (ONNX ConvTranspose), with a
// fused activation.
// Inputs: x [N,C,spatial…] float32, w [C,O/groups,kernel…] float32, optional bias [O] float32.
// Output: [N,O,spatial…] with (input-1)*stride + (kernel-1)*dilation + 1 - padding + outputPadding
// positions. Each output element is accumulated by fused multiply-add from 0 over (ky, kx,
// channel) in rising order. Tap ky reaches input row iy with iy*stride = oy + padBegin -
// ky*dilation: a tap for which no integer iy exists is left out, one whose iy falls outside the
// input multiplies zero (so that for each phase oy mod stride it is an ordinary convolution); then
// the bias is added and the epilogue applied.
#pragma once

#include "ops/unary.h"
#include "ops/window.h"

namespace minnow::ops {

struct ConvTranspose final : OperatorBase<ConvTranspose>, WindowAttributes {
  static constexpr OpKind kKind = OpKind::ConvTranspose;
  static constexpr Facts kFacts{
      .layoutRole = LayoutRole::Spatial, .takesWeights = true, .rowsStandAlone = false};
  std::vector<int64_t> outputPadding;  ///< further positions at the end of each axis
  /// With autoPad alone: the output's spatial extents, to which padding is cut; empty: input *
  /// stride. What is missing of it is added at the end (a kernel shorter than the stride). Then
  /// padsBegin and padsEnd do not count.
  std::vector<int64_t> outputShape;
  int64_t groups = 1;
  Epilogue epilogue;

  template <class V>
  void fields(V& v) {
    WindowAttributes::fields(v);
    v("outputPadding", outputPadding);
    v("outputShape", outputShape);
    v("groups", groups);
    epilogue.fields(v);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Epilogue* fusedActivation() MINNOW_CONVERSION_OVERRIDE { return &epilogue; }
  std::optional<LinearAxes> linearAxes(std::span<const TensorType> inputs,
                                       std::span<const TensorType> outputs) const
      MINNOW_CONVERSION_OVERRIDE;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
  std::optional<WeightMatrices> weightMatrices(int index, const Shape& shape,
                                               const Strides& strides) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;

  /// The window that, sliding over the output, would have the input's positions. Its padding is
  /// what is cut off the output; it is negative where positions are added.
  SlidingWindow along(int axis, int64_t input) const;
};

}  // namespace minnow::ops
