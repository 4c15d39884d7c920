// Who writes and who reads each value of a graph, looked up once for everything that plans.
#pragma once

#include <algorithm>
#include <vector>

#include "ir/graph.h"

namespace minnow::planning {

/// True if the shapes of the operator's results are known only when it has run.
inline bool sizeDependsOnData(ops::OpKind kind) {
  return kind == ops::OpKind::NonZero || kind == ops::OpKind::Compress ||
         kind == ops::OpKind::NonMaxSuppression;
}

struct Uses {
  explicit Uses(const ir::Graph& graph)
      : readers(graph.consumers()), writer(graph.producers()), isOutput(graph.values.size(), 0) {
    for (std::vector<int>& nodes : readers)
      nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    for (ir::ValueId id : graph.outputs) isOutput[id] = 1;
    sizeFromData.assign(graph.values.size(), 0);
    for (const ir::Node& node : graph.nodes) {
      bool fromData = sizeDependsOnData(node.op->kind());
      for (ir::ValueId id : node.inputs) fromData = fromData || (id >= 0 && sizeFromData[id]);
      for (ir::ValueId id : node.outputs)
        if (id >= 0) sizeFromData[id] = fromData;
    }
  }
  std::vector<std::vector<int>> readers;  ///< nodes, by value, rising, each once
  std::vector<int> writer;                ///< node, by value; -1 for inputs and constants
  std::vector<char> isOutput;             ///< of the graph, by value
  std::vector<char> sizeFromData;         ///< by value: its shape may be smaller than inferred
};

}  // namespace minnow::planning
