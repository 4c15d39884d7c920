// Who writes and who reads each value of a graph, looked up once for everything that plans.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "ir/data_sizes.h"
#include "ir/graph.h"

namespace minnow::planning {

/// Nodes by value, rising, each once.
class Readers {
 public:
  explicit Readers(const ir::Graph& graph);
  std::span<const int> operator[](ir::ValueId id) const {
    return std::span(nodes_).subspan(begins_[id], begins_[id + 1] - begins_[id]);
  }

 private:
  std::vector<size_t> begins_;  // by value, in nodes_
  std::vector<int> nodes_;
};

struct Uses {
  /// `types` of all values, for which the graph is sound (ir::findDataSizes()).
  Uses(const ir::Graph& graph, std::span<const TensorType> types)
      : readers(graph), writer(graph.producers()), isOutput(graph.values.size(), 0) {
    for (ir::ValueId id : graph.outputs) isOutput[id] = 1;
    if (auto found = ir::findDataSizes(graph, types)) dataSizes = std::move(*found);
  }
  Readers readers;
  std::vector<int> writer;     ///< node, by value; -1 for inputs and constants
  std::vector<char> isOutput;  ///< of the graph, by value
  ir::DataSizes dataSizes;     ///< which values may be smaller than their types
};

}  // namespace minnow::planning
