// Readers of values, side by side.
#include "planning/uses.h"

#include <algorithm>
#include <numeric>

namespace minnow::planning {

Readers::Readers(const ir::Graph& graph) : begins_(graph.values.size() + 1, 0) {
  // Each reader is counted, then all are filed; a node that reads a value twice was the last.
  std::vector<int> last(graph.values.size(), -1);
  const auto forEachRead = [&](const auto& act) {
    std::ranges::fill(last, -1);
    for (int n = 0; n < static_cast<int>(graph.nodes.size()); ++n)
      for (const ir::ValueId id : graph.nodes[n].inputs)
        if (id != ir::kNoValue && std::exchange(last[id], n) != n) act(id, n);
  };
  forEachRead([&](ir::ValueId id, int) { ++begins_[id]; });
  std::exclusive_scan(begins_.begin(), begins_.end(), begins_.begin(), size_t{0});
  nodes_.resize(begins_.back());
  std::vector<size_t> next(begins_.begin(), begins_.end() - 1);
  forEachRead([&](ir::ValueId id, int n) { nodes_[next[id]++] = n; });
}

}  // namespace minnow::planning
