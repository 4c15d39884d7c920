// Which values follow from the extents of the graph's inputs, and how: every node that is emitted
// is noted, computed at once or not, and of that the size graph is made (ir::Graph::sizes). What an
// importer decides by such a value without saying so is an assumption.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace minnow::converter {

class SizeTrace {
 public:
  /// When a node's results are known at the latest: at once, as constants; or with a session, if
  /// they follow from extents; or data decide them.
  enum class Moment : uint8_t { Conversion, Session, Run };
  /// A node as it was emitted, its outputs named.
  void note(ir::Node node, const ir::Graph& graph, Moment moment);
  /// True if the value's elements follow from the inputs' extents.
  bool follows(ir::ValueId id) const { return following_.contains(id); }
  /// True if the value's shape may be another where the inputs' are: of all but fixed constants.
  bool varies(ir::ValueId id, const ir::Graph& graph) const;
  /// What the node is imported to is right for these elements of a constant alone.
  void assume(ir::ValueId id, const std::string& node, const std::string& op);
  /// When all is imported: gives the graph its size graph, and its values and nodes their places in
  /// it. Dead nodes and values go.
  Result<void> finish(ir::Graph& graph) const;

 private:
  std::vector<ir::Node> nodes_;
  std::set<ir::ValueId> following_, assumed_;
  std::vector<ir::Assumption> assumptions_;
};

}  // namespace minnow::converter
