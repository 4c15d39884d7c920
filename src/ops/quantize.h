// Between real numbers and integers with a scale and a zero point (ONNX QuantizeLinear,
// DequantizeLinear, DynamicQuantizeLinear, and the last step of QLinearConv and QLinearMatMul).
// Quotients are rounded half to even; results saturate; a NaN becomes the least integer.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

/// How scales and zero points are spread over a tensor: one for everything if they have one
/// element; along `axis` if they have one axis; else, with the tensor's rank, each stands for
/// `blockSize` neighbours along `axis`.
struct ScaleSpread {
  int64_t axis = 1;
  int64_t blockSize = 0;

  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("blockSize", blockSize);
  }
  Result<void> check(const Shape& x, const Shape& scale) const;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const;
  /// Of the tensor, and of scales and zero points that are one for everything; else nullopt.
  static std::optional<Rows> rowsRead(int index, const Rows& output,
                                      std::span<const TensorType> inputs);
};

/// Inputs: x float32, float16 or int32, scale of x's type or float32, optional zero point of the
/// result's type. y = saturate(round(x / scale) + zero point); awayFromZero (TensorFlow Lite) rounds
/// halves so.
struct QuantizeLinear final : OperatorBase<QuantizeLinear> {
  static constexpr OpKind kKind = OpKind::QuantizeLinear;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};
  ScaleSpread spread;
  int64_t type = static_cast<int64_t>(DataType::Uint8);  ///< of the result: DataType
  bool awayFromZero = false;

  template <class V>
  void fields(V& v) {
    spread.fields(v);
    v("type", type);
    v("awayFromZero", awayFromZero);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// Inputs: x of an integer type, scale float32 or float16, optional zero point of x's type. Output
/// of the scale's type: (x - zero point) * scale.
struct DequantizeLinear final : OperatorBase<DequantizeLinear> {
  static constexpr OpKind kKind = OpKind::DequantizeLinear;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};
  ScaleSpread spread;

  template <class V>
  void fields(V& v) {
    spread.fields(v);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// Input: x float32. Outputs: y uint8, scale float32 and zero point uint8, scalars, chosen so that
/// 0 and x's extremes are in range.
struct DynamicQuantizeLinear final : OperatorBase<DynamicQuantizeLinear> {
  static constexpr OpKind kKind = OpKind::DynamicQuantizeLinear;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};

  template <class V>
  void fields(V&) {}
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  bool mayLackOutput(int) const override { return true; }
};

/// Inputs: an integer product int32, the scales of its two factors and of the result (float32 or
/// float16), optional zero point of the result's type; all broadcast to the product's shape.
/// y = saturate(round(product * (a * b / y scale)) + zero point), all of it in float32.
struct Requantize final : OperatorBase<Requantize> {
  static constexpr OpKind kKind = OpKind::Requantize;
  int64_t type = static_cast<int64_t>(DataType::Uint8);  ///< of the result: uint8 or int8

  template <class V>
  void fields(V& v) {
    v("type", type);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
};

}  // namespace minnow::ops
