// Numbers that a run computes from extents which data decide, and what is known of them at
// conversion: for each element the least and the most that it can be, found by the same operators
// on the operands' least and most. Both are constants of the graph, so that they follow the
// extents of inputs as other sizes do.
#pragma once

#include <unordered_map>
#include <vector>

#include "ir/graph.h"

namespace minnow::converter {

class ImportState;

class SizeBounds {
 public:
  struct Bounds {
    ir::ValueId least = ir::kNoValue, most = ir::kNoValue;  ///< constants
    /// int64 constant: for each element the number of the extent (ir::DataSizes) that it is, or 0.
    ir::ValueId extents = ir::kNoValue;
  };

  explicit SizeBounds(ImportState& state) : state_(state) {}

  /// Null where nothing is known. A constant is its own least and most.
  const Bounds* of(ir::ValueId id) const;
  /// Bounds of what a node gives that is not computed at conversion, where there are some.
  void note(const ir::Node& node);
  /// Says that a tensor's elements lie in 0 … `most`; nothing of what is known better.
  void limit(ir::ValueId id, int64_t most);
  /// Says that the axes of a value are of the extents that a row of numbers holds; where that is not
  /// so, the run fails.
  void noteAxes(ir::ValueId value, ir::ValueId numbers);
  /// The constant that a value can only be, or the value.
  ir::ValueId known(ir::ValueId id);

 private:
  ir::ValueId filled(const TensorType& type, int64_t number);
  Bounds boundsOf(ir::ValueId id);
  bool isUnknownBool(ir::ValueId id) const;
  bool holds(ops::Trend trend, const Bounds& bounds) const;
  void noteExtents(const ir::Node& node);
  void noteEqual(const ir::Node& node);
  bool isBounded(const ir::Node& node) const;
  std::vector<ir::ValueId> at(const ir::Node& node, bool most, unsigned either);
  std::vector<ir::ValueId> farthest(const ir::Node& node, bool most);
  std::vector<ir::ValueId> extentsOf(const ir::Node& node);

  ImportState& state_;
  std::unordered_map<ir::ValueId, Bounds> bounds_;
};

}  // namespace minnow::converter
