// Operators that give a tensor another shape and leave its elements in row-major order: Reshape,
// Flatten, Squeeze and Unsqueeze. Any element type; views wherever the strides allow.
#pragma once

#include "ops/rows.h"
#include "ops/view.h"

namespace minnow::ops {

/// What the four share: output 0 is input 0 with another shape.
template <class Self>
struct ReshapeBase : OperatorBase<Self> {
  static constexpr Facts kFacts{.movedInputs = 0b1};
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override {
    if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
    const auto shape = static_cast<const Self&>(*this).outputShape(inputs[0].shape);
    if (!shape) return passOn(shape);
    return oneOutput(inputs[0].type, *shape);
  }
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input, int) const override {
    const auto shape = static_cast<const Self&>(*this).outputShape(inputShape);
    return shape ? reshapeStorage(inputShape, input, *shape) : std::nullopt;
  }
  /// Where the output can be seen in the input's shape. A channel shuffle gives 2 x 58 channels,
  /// turned around, as 116: its result lies channels-last as well as row-major.
  bool movesInto(StorageOrder order, const Shape& input,
                 const Shape& output) const MINNOW_CONVERSION_OVERRIDE {
    return reshapeStorage(output, {stridesIn(order, output), 0}, input).has_value();
  }
  std::optional<Rows> rowsRead(int, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override {
    return rowsReshaped(output, inputs[0].shape, outputs[0].shape);
  }
};

/// ONNX Reshape: -1 is what is left, 0 is the input's extent (unless allowZero). What a run sets has
/// the most that it can be, or one of these where that is known of it.
struct Reshape final : ReshapeBase<Reshape> {
  static constexpr OpKind kKind = OpKind::Reshape;
  std::vector<int64_t> shape;
  bool allowZero = false;

  template <class V>
  void fields(V& v) {
    v("shape", shape);
    v("allowZero", allowZero);
  }
  bool isIdentity(std::span<const TensorType>) const MINNOW_CONVERSION_OVERRIDE;
  /// `atMost`: the input need not fill the shape, nor what is left divide without a rest.
  Result<Shape> outputShape(const Shape& input, bool atMost = false) const;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override { return attribute == "shape"; }

 private:
  bool isSetInRun(const DataInputs& in, size_t axis) const;
  bool isSetInRun(const DataInputs& in) const;
  Result<Shape> largestInRun(const DataInputs& in) const;
};

/// ONNX Flatten: the axes before `axis` as rows, the others as columns.
struct Flatten final : ReshapeBase<Flatten> {
  static constexpr OpKind kKind = OpKind::Flatten;
  int64_t axis = 1;  ///< -rank … rank

  template <class V>
  void fields(V& v) {
    v("axis", axis);
  }
  Result<Shape> outputShape(const Shape& input) const;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
};

/// ONNX Squeeze: drops the axes, which must be of extent 1; without axes, every such one.
struct Squeeze final : ReshapeBase<Squeeze> {
  static constexpr OpKind kKind = OpKind::Squeeze;
  std::vector<int64_t> axes;

  template <class V>
  void fields(V& v) {
    v("axes", axes);
  }
  Result<Shape> outputShape(const Shape& input) const;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
};

/// ONNX Unsqueeze: `axes` of the output, each of extent 1, are new.
struct Unsqueeze final : ReshapeBase<Unsqueeze> {
  static constexpr OpKind kKind = OpKind::Unsqueeze;
  std::vector<int64_t> axes;

  template <class V>
  void fields(V& v) {
    v("axes", axes);
  }
  Result<Shape> outputShape(const Shape& input) const;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
};

}  // namespace minnow::ops
