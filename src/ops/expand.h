// Expand (ONNX Expand): repeats axes of extent 1 so that the tensor has the shape that it and
// `shape` broadcast to. Tile (ONNX Tile): repeats every axis a number of times.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

struct Expand final : OperatorBase<Expand> {
  static constexpr OpKind kKind = OpKind::Expand;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow, .movedInputs = 0b1};
  std::vector<int64_t> shape;

  template <class V>
  void fields(V& v) {
    v("shape", shape);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override { return attribute == "shape"; }
  /// The input itself where nothing is repeated, as may be for some sizes of a model.
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input, int) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

struct Tile final : OperatorBase<Tile> {
  static constexpr OpKind kKind = OpKind::Tile;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow, .movedInputs = 0b1};
  std::vector<int64_t> repeats;  ///< one an axis

  template <class V>
  void fields(V& v) {
    v("repeats", repeats);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override { return attribute == "repeats"; }
  bool isIdentity(std::span<const TensorType>) const MINNOW_CONVERSION_OVERRIDE;
  /// The input itself where nothing is repeated, as may be for some sizes of a model.
  std::optional<Storage> viewOf(const Shape& inputShape, const Storage& input, int) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
