// What integers cost: every layer beside the same in float, on the pictures.
#pragma once

#include <set>

#include "quantise/observe.h"
#include "quantise/plan.h"

namespace minnow::quantise {

/// Errors are the root of the squared errors' sum over that of the squared float values' sum.
struct LayerCost {
  ir::ValueId result = ir::kNoValue;  ///< of the layer, in the graph
  std::string name, type;             ///< its first node's
  bool isInteger = false;
  double single = 0;  ///< of its result, computed from exact inputs; 0 for what is float
  double entire = 0;  ///< of its result, all before it being as planned
};
struct Costs {
  std::vector<LayerCost> layers;  ///< in the order of execution; what only moves is left out
  double output = 0;              ///< the largest of the graph's outputs
};

/// Runs the graph, each integer layer beside its float original, and the whole quantised graph, all
/// as one graph, on `samples`, of which it takes at most `most`, evenly spread.
Result<Costs> measure(const ir::Graph& graph, const Plan& plan, const Samples& samples, size_t most,
                      int threads, const Progress& progress);

}  // namespace minnow::quantise
