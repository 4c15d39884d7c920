// Writes a graph's nodes into another one, float or between QuantizeLinear and DequantizeLinear as
// a plan has it. The pass fuse-quantised makes integer operators of these.
#pragma once

#include <string>
#include <vector>

#include "quantise/plan.h"

namespace minnow::quantise {

/// One copy of a graph's values in another graph. Nodes are added in the order of the graph.
class Writer {
 public:
  /// `mark` is added to the names of what is computed. With `plan` null everything stays float.
  Writer(const ir::Graph& from, ir::Graph& to, const Plan* plan, std::string mark);

  /// Every value that is not computed: inputs and constants, which copies share.
  void share(ir::ValueId id, ir::ValueId as) { real_[static_cast<size_t>(id)] = as; }
  void add(int node);
  /// The value in float32; made from its integers where it has become those.
  ir::ValueId real(ir::ValueId id);
  /// Its integers, rounded from what `real` is if they are not there yet.
  ir::ValueId integers(ir::ValueId id);
  /// Forgets a value's integers, and that it has become those: the float one is `as` now.
  void takeReal(ir::ValueId id, ir::ValueId as);

 private:
  const ir::Value& value(ir::ValueId id) const { return from_.values[static_cast<size_t>(id)]; }
  ir::ValueId operand(int node, ir::ValueId id);
  std::vector<ir::ValueId> operands(int node);
  ir::ValueId weights(const ir::Node& node, const QuantisedWeights& weights);
  ir::ValueId bias(const ir::Node& node, const QuantisedWeights& weights);
  ir::ValueId addNode(const std::string& name, const ops::Operator& op,
                      std::vector<ir::ValueId> inputs, const std::string& output);
  ir::ValueId scalar(float scale);
  ir::ValueId zero(const ops::Quantisation& by);
  ir::ValueId dequantised(ir::ValueId id);

  const ir::Graph& from_;
  ir::Graph& to_;
  const Plan* plan_;
  std::string mark_;
  std::vector<ir::ValueId> real_, integers_;
};

/// The graph with all that the plan says, ready for passes.
ir::Graph quantised(const ir::Graph& graph, const Plan& plan);

}  // namespace minnow::quantise
