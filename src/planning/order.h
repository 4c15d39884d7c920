// Which steps of a graph may run side by side. Steps are its nodes and run in their order, except
// that stretches of them, the stages, may be cut into lanes. A stage begins when all that stands
// before it has run, and ends when its lanes have; the steps of a lane run in the order of nodes.
// Who runs a lane is not known here.
#pragma once

#include <span>
#include <vector>

#include "ir/graph.h"

namespace minnow::planning {

/// Steps of which some run side by side, both included.
struct Stage {
  int first = 0, last = 0;
};

/// Without stages: one lane.
struct Order {
  std::vector<Stage> stages;  ///< in order, without overlaps
  /// By step: an index into `stages`, -1 for one that runs alone; and its lane there, from 0 on.
  /// Both are empty where there are no stages.
  std::vector<int> stageOf, laneOf;
  /// By step, the most threads that share it; 0 for all, and empty where that holds for every step.
  std::vector<int> threads;

  /// Null for a step that runs alone, and for the one after the last node, when outputs are there.
  const Stage* stageAt(int step) const {
    const bool inside = step < static_cast<int>(stageOf.size()) && stageOf[step] >= 0;
    return inside ? &stages[stageOf[step]] : nullptr;
  }
  /// Of so many that there are.
  int threadsAt(int step, int all) const {
    return threads.empty() || threads[step] == 0 ? all : threads[step];
  }
  /// True if neither of two steps waits for the other.
  bool areBeside(int a, int b) const {
    const Stage* stage = stageAt(a);
    return stage != nullptr && stage == stageAt(b) && laneOf[a] != laneOf[b];
  }
  /// True if a has ended before b begins, in every run.
  bool isBefore(int a, int b) const { return a < b && !areBeside(a, b); }
};

/// The last of some steps in the order of nodes, and whether it is the last in every run.
struct LastStep {
  int step = -1;  ///< -1: there are none
  bool inEveryRun = true;
};
/// Of the steps of both.
LastStep lastOf(const Order& order, LastStep a, LastStep b);

/// Work of a step in multiply-adds, those to write a result included: a measure to compare by.
double workOf(const ir::Graph& graph, std::span<const TensorType> types, int node);

/// The stages of at most `lanes` lanes that take least time by estimate; no stage where none is
/// faster than one lane. What reads a result comes after it; a chain is in one lane as a whole.
Order orderInLanes(const ir::Graph& graph, const std::vector<TensorType>& types, int lanes);
/// The same by times, whatever their unit: of each node that runs alone, of each in a lane, and of
/// lanes that begin and meet.
Order orderInLanes(const ir::Graph& graph, std::vector<double> alone, std::vector<double> inLane,
                   double meeting, int lanes);

}  // namespace minnow::planning
