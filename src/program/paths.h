// Parts of a model that are computed in their own way, and beside each other: which nodes are whose,
// and the order of steps in which they are lanes of stages (planning/order.h).
#pragma once

#include <span>
#include <vector>

#include "ir/graph.h"
#include "planning/order.h"
#include "program/lane.h"
#include "program/placement.h"

namespace minnow::program {

/// By node of the graph: the index of its path, -1 for one that is in none. Errors say which path
/// it is, and what to do about it.
Result<std::vector<int>> findPaths(const ir::Graph& graph, std::span<const Path> paths);

struct Lanes {
  planning::Order order;
  std::vector<Lane> lanes;   ///< in order of steps
  std::vector<int> oldStep;  ///< by node: which it was
};

/// Puts a graph's nodes into an order in which every lane is a stretch of steps. Paths that do not
/// need each other are lanes of one stage, and so is what no path claims and none of them needs, as
/// far as it is worth a lane. Chains are cut where lanes cut them. `threads` are the runtime's, shared
/// evenly by lanes that do not say how many they want; `sides`, of all nodes or none, say which lanes
/// wait for a device: they come first.
Lanes putInLanes(ir::Graph& graph, std::span<const TensorType> types, std::span<const Path> paths,
                 std::span<const int> pathOf, std::span<const Side> sides, int threads);

/// The paths of a graph's nodes where crossings were added to it: those go with what they copy, or
/// with the one path that reads the copy.
std::vector<int> pathsOfPlaced(const ir::Graph& placed, std::span<const Side> sides,
                               std::span<const int> pathOf);

}  // namespace minnow::program
