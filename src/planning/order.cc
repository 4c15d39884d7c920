// Stages and lanes of a graph: by dynamic programming over the order of nodes.
#include "planning/order.h"

#include <algorithm>
#include <numeric>

namespace minnow::planning {
namespace {

/// Steps of the longest stage, and stretches of steps that are looked at: nodes of a hostile file
/// are many.
constexpr int kLongestStage = 256, kMostLooks = 1 << 23;
/// Work that could be done while lanes begin and meet: some microseconds.
constexpr double kMeeting = 50'000;

/// The steps of a stretch in groups of what hangs together: by results that are read, by chains.
class Groups {
 public:
  Groups(const ir::Graph& graph, const std::vector<double>& work)
      : graph_(graph),
        work_(work),
        writer_(graph.producers()),
        continues_(graph.nodes.size(), 0),
        parent_(graph.nodes.size()),
        sum_(graph.nodes.size()) {
    for (const ir::Chain& chain : graph.chains)
      std::fill(continues_.begin() + chain.first + 1, continues_.begin() + chain.end, 1);
  }

  /// An empty stretch that will begin with a step.
  void beginAt(int step) {
    first_ = step;
    count_ = 0;
    largest_ = total_ = 0;
  }

  /// The next step of the stretch.
  void add(int step) {
    parent_[step] = step;
    sum_[step] = work_[step];
    total_ += work_[step];
    largest_ = std::max(largest_, work_[step]);
    ++count_;
    if (continues(step)) join(step - 1, step);
    for (const ir::ValueId id : graph_.nodes[step].inputs)
      if (id != ir::kNoValue && writer_[id] >= first_) join(writer_[id], step);
  }

  /// True for a step of a chain that does not begin there.
  bool continues(int step) const {
    return step < static_cast<int>(continues_.size()) && continues_[step] != 0;
  }
  int count() const { return count_; }
  /// The least time of so many lanes, as far as it is known without giving groups to lanes.
  double timeOf(int lanes) const { return std::max(largest_, total_ / lanes); }
  /// A step that stands for the group.
  int groupOf(int step) {
    while (parent_[step] != step) step = parent_[step] = parent_[parent_[step]];
    return step;
  }
  double workOfGroup(int group) const { return sum_[group]; }

 private:
  void join(int a, int b) {
    a = groupOf(a), b = groupOf(b);
    if (a == b) return;
    parent_[std::max(a, b)] = std::min(a, b);
    sum_[std::min(a, b)] = sum_[a] + sum_[b];
    largest_ = std::max(largest_, sum_[std::min(a, b)]);
    --count_;
  }

  const ir::Graph& graph_;
  const std::vector<double>& work_;
  std::vector<int> writer_;
  std::vector<char> continues_;  // by step: the one before is of the same chain
  std::vector<int> parent_;
  std::vector<double> sum_;  // by group
  int first_ = 0, count_ = 0;
  double largest_ = 0, total_ = 0;
};

class LaneSearch {
 public:
  LaneSearch(const ir::Graph& graph, std::vector<double> alone, std::vector<double> inLane,
             double meeting, int lanes)
      : alone_(std::move(alone)),
        work_(std::move(inLane)),
        groups_(graph, work_),
        meeting_(meeting),
        lanes_(lanes) {}

  Order find() {
    const int steps = static_cast<int>(work_.size());
    best_.assign(work_.size() + 1, {});
    for (int step = 0; step < steps; ++step) {
      reach(step + 1, best_[step].time + alone_[step], step);
      if (!groups_.continues(step)) tryStagesFrom(step);
    }
    Order order;
    for (int end = steps; end > 0; end = best_[end].from)
      if (end - best_[end].from > 1) order.stages.push_back({best_[end].from, end - 1});
    std::ranges::reverse(order.stages);
    if (order.stages.empty()) return order;
    order.stageOf.assign(work_.size(), -1);
    order.laneOf.assign(work_.size(), 0);
    for (size_t s = 0; s < order.stages.size(); ++s) giveLanes(order, static_cast<int>(s));
    return order;
  }

 private:
  /// The fastest way to run all steps before one.
  struct Way {
    double time = -1;  ///< -1: none is known
    int from = 0;      ///< where its last stage, or lone step, begins
  };

  void reach(int end, double time, int from) {
    if (best_[end].time < 0 || time < best_[end].time) best_[end] = {time, from};
  }

  void tryStagesFrom(int first) {
    const int steps = static_cast<int>(work_.size());
    const int longest = std::clamp(kMostLooks / steps, 2, kLongestStage);
    groups_.beginAt(first);
    for (int step = first; step < std::min(steps, first + longest); ++step) {
      groups_.add(step);
      if (groups_.count() > 1 && !groups_.continues(step + 1))
        reach(step + 1, best_[first].time + groups_.timeOf(lanes_) + meeting_, first);
    }
  }

  /// Groups go to the lane that has least to do, those with most work first.
  void giveLanes(Order& order, int index) {
    const Stage& stage = order.stages[index];
    groups_.beginAt(stage.first);
    for (int step = stage.first; step <= stage.last; ++step) groups_.add(step);
    std::vector<int> groups;
    for (int step = stage.first; step <= stage.last; ++step)
      if (groups_.groupOf(step) == step) groups.push_back(step);
    std::ranges::sort(groups, [&](int a, int b) {
      return std::pair(-groups_.workOfGroup(a), a) < std::pair(-groups_.workOfGroup(b), b);
    });
    std::vector<double> busy(static_cast<size_t>(lanes_), 0);
    for (const int group : groups) {
      const auto lane = std::ranges::min_element(busy);
      *lane += groups_.workOfGroup(group);
      order.laneOf[group] = static_cast<int>(lane - busy.begin());
    }
    for (int step = stage.first; step <= stage.last; ++step) {
      order.stageOf[step] = index;
      order.laneOf[step] = order.laneOf[groups_.groupOf(step)];
    }
  }

  std::vector<double> alone_, work_;  // by step
  Groups groups_;
  double meeting_;
  int lanes_;
  std::vector<Way> best_;  // by step
};

}  // namespace

LastStep lastOf(const Order& order, LastStep a, LastStep b) {
  if (a.step < b.step) std::swap(a, b);
  if (b.step < 0) return a;
  const Stage* stage = order.stageAt(a.step);
  if (stage != nullptr && stage == order.stageAt(b.step))
    a.inEveryRun = a.inEveryRun && b.inEveryRun && !order.areBeside(a.step, b.step);
  return a;
}

double workOf(const ir::Graph& graph, std::span<const TensorType> types, int node) {
  const auto typesOf = [&](std::span<const ir::ValueId> ids) {
    std::vector<TensorType> found;
    for (const ir::ValueId id : ids) found.push_back(id == ir::kNoValue ? TensorType{} : types[id]);
    return found;
  };
  const ir::Node& step = graph.nodes[node];
  const auto inputs = typesOf(step.inputs), outputs = typesOf(step.outputs);
  double work = static_cast<double>(step.op->multiplyAdds(inputs, outputs));
  for (const TensorType& type : outputs) work += static_cast<double>(type.shape.elements());
  return work;
}

Order orderInLanes(const ir::Graph& graph, const std::vector<TensorType>& types, int lanes) {
  if (lanes < 2) return {};
  std::vector<double> work;
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    work.push_back(workOf(graph, types, static_cast<int>(n)));
  return orderInLanes(graph, work, work, kMeeting, lanes);
}

Order orderInLanes(const ir::Graph& graph, std::vector<double> alone, std::vector<double> inLane,
                   double meeting, int lanes) {
  return LaneSearch(graph, std::move(alone), std::move(inLane), meeting, lanes).find();
}

}  // namespace minnow::planning
