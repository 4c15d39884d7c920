// Where the boxes of a graph are drawn: in layers from top to bottom, so that every edge goes down
// (Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981).
#pragma once

#include <utility>
#include <vector>

namespace minnow::tool {

struct LaidBox {
  double width = 0, height = 0;
  std::vector<int> after;  ///< boxes that come before it, each with a smaller index
  double x = 0, y = 0;     ///< of its centre, to be found
};

struct LaidEdge {
  int from = 0, to = 0;
  std::vector<std::pair<double, double>> points;  ///< from box to box, one for every layer between
};

struct Layers {
  std::vector<LaidEdge> edges;
  double width = 0, height = 0;
};

/// Fills x and y, which begin at 0; boxes of a layer do not overlap.
Layers layOut(std::vector<LaidBox>& boxes);

}  // namespace minnow::tool
