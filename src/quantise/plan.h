// What of a float graph becomes integers, and how. A layer is an operator with the activation behind
// it: they are computed as one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ir/graph.h"
#include "quantise/ranges.h"
#include "quantise/weights.h"

namespace minnow::quantise {

/// What calibration has seen, by value; nothing of constants and of what is not float32.
using Seen = std::vector<Statistics>;

struct Plan {
  std::vector<char> isInteger;                       ///< by node
  std::vector<char> isInner;                         ///< by value: between the parts of a layer
  std::vector<std::optional<ops::Quantisation>> by;  ///< by value, what its integers stand for
  std::map<int, QuantisedWeights> weights;           ///< by node, of integer ones

  const QuantisedWeights* weightsOf(int node) const {
    const auto found = weights.find(node);
    return found == weights.end() ? nullptr : &found->second;
  }
};

/// True of a float32 value that its operator's integers can have the place of.
bool isReal(const ir::Graph& graph, ir::ValueId id);
/// By node, the result of the layer that it belongs to: its own, or its activation's. It stands for the
/// layer.
std::vector<ir::ValueId> layersOf(const ir::Graph& graph);

struct PlanOptions {
  RangeOptions ranges = {};
  bool correctBias = true;
};

/// Integers everywhere up to the last convolution or product on the way to an output: what follows is
/// arithmetic on results.
Plan candidates(ir::Graph& graph, const Seen& seen, const PlanOptions& options);
/// Those of them that the engine has an operator for (it is asked, by converting the graph). Layers in
/// `kept`, by their results, stay float.
Result<Plan> settled(const ir::Graph& graph, Plan candidates, const std::set<ir::ValueId>& kept);

}  // namespace minnow::quantise
