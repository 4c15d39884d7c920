// A graph for other extents of its inputs than those it was converted for. Its size graph
// (ir::Graph::sizes) is gone through once: types of all values, and the elements of those that
// attributes and constants of the graph follow. What conversion took for granted is compared.
#pragma once

#include "ir/graph.h"

namespace minnow::sizes {

struct Settled {
  ir::Graph graph;
  size_t constantBytes = 0;  ///< of constants made anew, on the heap
};

/// `graph` for inputs of these types, in its order; `program` is its size graph. An error names the
/// node that cannot be settled and says why; both graphs may come from hostile files.
Result<Settled> settle(const ir::Graph& graph, ir::Graph program,
                       std::span<const TensorType> inputs);

/// Fails if the result of a node has another rank in `types` than in the graph: importers and
/// passes count axes.
Result<void> checkRanks(const ir::Graph& graph, std::span<const TensorType> types);

}  // namespace minnow::sizes
