// Dinic's algorithm: shortest paths are filled, level by level, until none is left.
#include "program/min_cut.h"

#include <algorithm>

namespace minnow::program {

int MinCut::addNode() {
  edgesOf_.emplace_back();
  return static_cast<int>(edgesOf_.size()) - 1;
}

void MinCut::addEdge(int from, int to, double cost) {
  edgesOf_[from].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({to, cost});
  edgesOf_[to].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({from, 0});
}

bool MinCut::findLevels() {
  level_.assign(edgesOf_.size(), -1);
  level_[kSource] = 0;
  std::vector<int> reached{kSource};
  for (size_t i = 0; i < reached.size(); ++i)
    for (const int e : edgesOf_[reached[i]])
      if (edges_[e].left > 0 && level_[edges_[e].to] < 0) {
        level_[edges_[e].to] = level_[reached[i]] + 1;
        reached.push_back(edges_[e].to);
      }
  return level_[kSink] >= 0;
}

/// Along one path; 0 where there is none. Paths have few levels: a network's depth at most.
double MinCut::push(int node, double most) {
  if (node == kSink) return most;
  for (; tried_[node] < edgesOf_[node].size(); ++tried_[node]) {
    const int e = edgesOf_[node][tried_[node]];
    if (edges_[e].left <= 0 || level_[edges_[e].to] != level_[node] + 1) continue;
    const double pushed = push(edges_[e].to, std::min(most, edges_[e].left));
    if (pushed <= 0) continue;
    edges_[e].left -= pushed;
    edges_[e ^ 1].left += pushed;
    return pushed;
  }
  return 0;
}

std::vector<char> MinCut::run() {
  while (findLevels()) {
    tried_.assign(edgesOf_.size(), 0);
    while (push(kSource, kNever) > 0) {
    }
  }
  std::vector<char> sides(edgesOf_.size());
  std::ranges::transform(level_, sides.begin(), [](int level) { return level >= 0; });
  return sides;
}

}  // namespace minnow::program
