// The minimum cut of a small graph: which nodes lie on the source's side where the edges from there
// to the sink's side weigh least. A choice between two places for each of many things is one.
#pragma once

#include <limits>
#include <vector>

namespace minnow::program {

class MinCut {
 public:
  static constexpr int kSource = 0, kSink = 1;
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  MinCut() : edgesOf_(2) {}
  int addNode();
  /// What it costs if `from` lies on the source's side and `to` on the sink's.
  void addEdge(int from, int to, double cost);
  /// By node: true on the source's side; of several cuts the one with most on the sink's side.
  std::vector<char> run();

 private:
  struct Edge {
    int to = 0;
    double left = 0;  // capacity
  };
  bool findLevels();
  double push(int node, double most);

  std::vector<Edge> edges_;  // an edge and its reverse side by side
  std::vector<std::vector<int>> edgesOf_;
  std::vector<int> level_;     // steps from the source, -1 beyond reach
  std::vector<size_t> tried_;  // by node, of edgesOf_
};

}  // namespace minnow::program
