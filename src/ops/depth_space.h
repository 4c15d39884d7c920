// DepthToSpace and SpaceToDepth (ONNX): blocks of channels become blocks of pixels and back. Any
// element type, N,C,H,W.
#pragma once

#include "ops/view.h"

namespace minnow::ops {

enum class DepthOrder : uint8_t {
  DepthFirst,   ///< "DCR": channel = (row in block, column in block, channel)
  ColumnFirst,  ///< "CRD": channel = (channel, row in block, column in block)
  kCount
};

struct DepthToSpace final : OperatorBase<DepthToSpace> {
  static constexpr OpKind kKind = OpKind::DepthToSpace;
  static constexpr Facts kFacts{
      .layoutRole = LayoutRole::Spatial, .rowsStandAlone = false, .movedInputs = 0b1};
  int64_t block = 1;
  DepthOrder order = DepthOrder::DepthFirst;

  template <class V>
  void fields(V& v) {
    v("block", block);
    v("order", order, static_cast<int>(DepthOrder::kCount));
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

struct SpaceToDepth final : OperatorBase<SpaceToDepth> {
  static constexpr OpKind kKind = OpKind::SpaceToDepth;
  static constexpr Facts kFacts{
      .layoutRole = LayoutRole::Spatial, .rowsStandAlone = false, .movedInputs = 0b1};
  int64_t block = 1;
  DepthOrder order = DepthOrder::DepthFirst;

  template <class V>
  void fields(V& v) {
    v("block", block);
    v("order", order, static_cast<int>(DepthOrder::kCount));
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
