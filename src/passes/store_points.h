// What a model spends so that weights of Winograd's tiles need not be transformed while it runs.
#pragma once

#include <cstddef>
#include <vector>

#include "ir/graph.h"
#include "passes/winograd_cost.h"

namespace minnow::passes {

struct StoredPoints {
  int layers = 0;
  size_t bytes = 0;  ///< that the weights take beyond their 3x3 form
  double savings =
      0;  ///< of the instructions that a run would take without, by estimate: 0.1 for a tenth
};

/// Of a graph as it was converted.
StoredPoints storedPoints(const ir::Graph& graph);

/// 3x3 weights, packed or not, as plain ones of 6x6.
std::vector<float> weightsAtPoints(const ops::Operator& op, const TensorView& weights);
/// Stores the weights of the convolutions in tiles of which `pays` is true; says of how many.
Result<int> storePointsWhere(ir::Graph& graph, bool (*pays)(const WinogradCost&));

}  // namespace minnow::passes
