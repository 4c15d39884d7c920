// Sampling at computed places: GridSample, AffineGrid, Col2Im (ONNX), float32.
#pragma once

#include "ops/resize.h"

namespace minnow::ops {

enum class GridPadding : uint8_t { Zeros, Border, Reflection, kCount };

/// Inputs: x [N,C,spatial…] and grid [N,spatial'…,axes], whose last axis gives the place to sample,
/// -1 … 1, last spatial axis first. Output: [N,C,spatial'…]. One to three spatial axes (Cubic: at
/// most two). Taps are summed as Resize sums them. Nearest rounds half to even, after a place
/// outside was reflected (docs/operators.md, "Choices").
struct GridSample final : OperatorBase<GridSample> {
  static constexpr OpKind kKind = OpKind::GridSample;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Spatial};
  ResizeMode mode = ResizeMode::Linear;
  GridPadding padding = GridPadding::Zeros;
  bool alignCorners = false;

  template <class V>
  void fields(V& v) {
    v("mode", mode, static_cast<int>(ResizeMode::kCount));
    v("padding", padding, static_cast<int>(GridPadding::kCount));
    v("alignCorners", alignCorners);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
};

/// Input: theta [N,2,3] or [N,3,4]. Output: [N,spatial…,2 or 3], each row theta * (x, y[, z], 1).
struct AffineGrid final : OperatorBase<AffineGrid> {
  static constexpr OpKind kKind = OpKind::AffineGrid;
  std::vector<int64_t> size;  ///< N,C,spatial… of what is to be sampled
  bool alignCorners = false;

  template <class V>
  void fields(V& v) {
    v("size", size);
    v("alignCorners", alignCorners);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
};

/// Input: [N, C * product(kernel), places]. Output: [N, C, image…]: every column is added back to
/// where a convolution's window would have read it.
struct Col2Im final : OperatorBase<Col2Im> {
  static constexpr OpKind kKind = OpKind::Col2Im;
  std::vector<int64_t> image, kernel, strides, dilations, padsBegin, padsEnd;

  template <class V>
  void fields(V& v) {
    v("image", image);
    v("kernel", kernel);
    v("strides", strides);
    v("dilations", dilations);
    v("padsBegin", padsBegin);
    v("padsEnd", padsEnd);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  /// Windows along an axis.
  int64_t places(int axis) const;
};

}  // namespace minnow::ops
