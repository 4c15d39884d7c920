// Who writes and who reads each value of a graph, looked up once for everything that plans.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "ir/data_sizes.h"
#include "ir/graph.h"

namespace minnow::planning {

struct Uses {
  /// `types` of all values, for which the graph is sound (ir::findDataSizes()).
  Uses(const ir::Graph& graph, std::span<const TensorType> types)
      : readers(graph.consumers()), writer(graph.producers()), isOutput(graph.values.size(), 0) {
    for (std::vector<int>& nodes : readers)
      nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    for (ir::ValueId id : graph.outputs) isOutput[id] = 1;
    if (auto found = ir::findDataSizes(graph, types)) dataSizes = std::move(*found);
  }
  std::vector<std::vector<int>> readers;  ///< nodes, by value, rising, each once
  std::vector<int> writer;                ///< node, by value; -1 for inputs and constants
  std::vector<char> isOutput;             ///< of the graph, by value
  ir::DataSizes dataSizes;                ///< which values may be smaller than their types
};

}  // namespace minnow::planning
