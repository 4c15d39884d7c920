// Which extents of a graph's values data decide: results of NonZero and its kin, and what operators
// make of them (Operator::dataAxes). Found anew wherever it matters, so that a file cannot lie.
#pragma once

#include <span>
#include <vector>

#include "ir/graph.h"
#include "ops/data_axes.h"

namespace minnow::ir {

class DataSizes {
 public:
  /// All extents known where the value has not been entered.
  const ops::DataAxes& of(ValueId id) const;
  bool isFromData(ValueId id) const { return ops::anyFromData(of(id)); }
  /// True if the node decides an extent or reads a value that has such a one.
  bool concerns(const Node& node) const;
  /// The types of the node's outputs for inputs of these: the largest, where data decide extents.
  Result<ops::TensorTypes> outputTypes(const Node& node, std::span<const TensorType> inputs);
  /// Enters what the node writes; its inputs come first. Unsupported if its operator wants extents
  /// that are known.
  Result<void> enter(const Node& node, std::span<const TensorType> inputs);
  /// Says that two extents are the same: one number from here on, the second.
  void unite(int32_t number, int32_t other);
  /// Both, for a node in its place; errors name it.
  Result<ops::TensorTypes> infer(const Node& node, std::span<const TensorType> inputs);

 private:
  std::vector<ops::DataAxes> axesRead(const Node& node) const;

  std::vector<ops::DataAxes> axes_;  // by value; no longer than needed
  int32_t last_ = 0;                 // number given away
};

/// Of a whole graph whose values have these types; Unsupported, naming the node, if the size of its
/// results cannot be answered for.
Result<DataSizes> findDataSizes(const Graph& graph, std::span<const TensorType> types);
/// With the types that its values have.
Result<DataSizes> findDataSizes(const Graph& graph);

}  // namespace minnow::ir
