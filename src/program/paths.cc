// Paths are closed: what lies between two of a path's nodes is the path's. So a path can be one
// stretch of steps, unless paths need each other in a circle.
#include "program/paths.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/fail.h"
#include "program/guards.h"

namespace minnow::program {
namespace {

using ir::kNoValue;
using ir::ValueId;

/// Work below which what no path claims has no lane of its own: less than it takes to meet.
constexpr double kWorthALane = 50'000;

using Marks = std::vector<char>;  // by node

/// Who needs what, in a graph whose nodes are in execution order: a node what it reads, and the
/// conditions that say whether it runs.
class Needs {
 public:
  explicit Needs(const ir::Graph& graph)
      : graph_(graph),
        producers_(graph.producers()),
        guards_(findGuards(graph, std::vector<int>(graph.nodes.size(), -1))) {}

  int producer(ValueId id) const { return id == kNoValue ? -1 : producers_[id]; }
  /// Adds all that the marked ones need. Goes through none of `without`, and unmarks them.
  Marks upstream(Marks marks, std::span<const int> without = {}) const {
    for (const int n : without) marks[n] = 0;
    for (size_t n = marks.size(); n-- > 0;)
      if (marks[n])
        forEachNeeded(n, [&](int needed) {
          if (std::ranges::find(without, needed) == without.end()) marks[needed] = 1;
        });
    return marks;
  }
  /// Adds all that needs the marked ones.
  Marks downstream(Marks marks) const {
    for (size_t n = 0; n < marks.size(); ++n)
      forEachNeeded(n, [&](int needed) { marks[n] |= marks[needed]; });
    return marks;
  }

 private:
  template <class F>
  void forEachNeeded(size_t n, const F& f) const {
    for (const ValueId id : graph_.nodes[n].inputs)
      if (const int from = producer(id); from >= 0) f(from);
    for (int32_t guard = guards_.ofStep.empty() ? -1 : guards_.ofStep[n]; guard >= 0;
         guard = guards_.all[guard].outer)
      if (const int from = producer(guards_.all[guard].condition); from >= 0) f(from);
  }

  const ir::Graph& graph_;
  std::vector<int> producers_;
  Guards guards_;
};

Marks marked(std::span<const int> pathOf, int path) {
  Marks marks;
  for (const int own : pathOf) marks.push_back(own == path);
  return marks;
}

// Finding paths -----------------------------------------------------------------------------------

std::string listed(std::span<const std::string> names) {
  std::string list;
  for (const std::string& name : names) list += text(list.empty() ? "'" : ", '", name, "'");
  return list;
}

class PathSearch {
 public:
  PathSearch(const ir::Graph& graph, std::span<const Path> paths)
      : graph_(graph), paths_(paths), needs_(graph), pathOf_(graph.nodes.size(), -1) {}

  Result<std::vector<int>> run() {
    for (size_t p = 0; p < paths_.size(); ++p)
      if (auto ok = findEnds(p); !ok) return passOn(ok);
    for (size_t p = 0; p < paths_.size(); ++p)
      if (auto ok = claim(p); !ok) return passOn(ok);
    if (auto ok = checkCircles(); !ok) return passOn(ok);
    return std::move(pathOf_);
  }

 private:
  std::string nameOf(size_t path) const {
    return text("path ", path + 1, " (to ", listed(paths_[path].to), ")");
  }

  /// The node that an operator's or a tensor's name stands for.
  Result<int> find(size_t path, const std::string& name) const {
    std::set<int> found;
    for (size_t i = 0; i < graph_.outputs.size(); ++i)
      if (graph_.outputNames[i] == name) found.insert(needs_.producer(graph_.outputs[i]));
    for (size_t v = 0; v < graph_.values.size() && found.empty(); ++v)
      if (graph_.values[v].name == name) found.insert(needs_.producer(static_cast<ValueId>(v)));
    if (found.contains(-1))
      return fail(ErrorCode::InvalidArgument, nameOf(path), ": no operator computes '", name,
                  "', which is an input of the model or a constant; name an operator");
    for (size_t n = 0; n < graph_.nodes.size(); ++n)
      if (graph_.nodes[n].name == name) found.insert(static_cast<int>(n));
    if (found.empty())
      return fail(ErrorCode::NotFound, nameOf(path), ": the model has no operator or tensor '",
                  name,
                  "'; conversion may have joined it with another one: `minnow info "
                  "--backend cpu` lists the operators that there are");
    if (found.size() > 1)
      return fail(ErrorCode::InvalidArgument, nameOf(path), ": '", name, "' is the name of ",
                  found.size(), " operators and tensors; give the name of a tensor that only the ",
                  "right operator writes");
    return *found.begin();
  }

  Result<std::vector<int>> find(size_t path, std::span<const std::string> names) const {
    std::vector<int> nodes;
    for (const std::string& name : names) {
      const auto node = find(path, name);
      if (!node) return passOn(node);
      nodes.push_back(*node);
    }
    return nodes;
  }

  Marks markedNodes(std::span<const int> nodes) const {
    Marks marks(graph_.nodes.size(), 0);
    for (const int n : nodes) marks[n] = 1;
    return marks;
  }

  Result<void> findEnds(size_t path) {
    if (paths_[path].to.empty())
      return fail(ErrorCode::InvalidArgument, "path ", path + 1,
                  " does not say where it ends; name an operator or a tensor in `to`");
    auto ends = find(path, paths_[path].to);
    if (!ends) return passOn(ends);
    upstream_.push_back(needs_.upstream(markedNodes(*ends)));
    ends_.push_back(std::move(*ends));
    return {};
  }

  Result<void> claim(size_t path) {
    const Result<Marks> own = paths_[path].from.empty() ? alone(path) : between(path);
    if (!own) return passOn(own);
    for (size_t n = 0; n < own->size(); ++n) {
      if (!(*own)[n]) continue;
      if (pathOf_[n] >= 0)
        return fail(ErrorCode::InvalidArgument, "operator '", graph_.nodes[n].name, "' is in ",
                    nameOf(static_cast<size_t>(pathOf_[n])), " and in ", nameOf(path),
                    "; let one of them begin behind it (`from`), or end before it");
      pathOf_[n] = static_cast<int>(path);
    }
    return {};
  }

  /// What leads to the path's ends, and only through them to outputs and to the ends of others.
  Marks alone(size_t path) const {
    Marks elsewhere(graph_.nodes.size(), 0);
    for (const ValueId id : graph_.outputs)
      if (const int node = needs_.producer(id); node >= 0) elsewhere[node] = 1;
    for (size_t other = 0; other < paths_.size(); ++other)
      for (const int end : ends_[other]) elsewhere[end] = 1;
    elsewhere = needs_.upstream(std::move(elsewhere), ends_[path]);
    Marks own = upstream_[path];
    for (size_t n = 0; n < own.size(); ++n) own[n] = own[n] && !elsewhere[n];
    return own;
  }

  /// What lies between the operators where it begins and those where it ends, with them.
  Result<Marks> between(size_t path) const {
    const auto begins = find(path, paths_[path].from);
    if (!begins) return passOn(begins);
    const Marks behind = needs_.downstream(markedNodes(*begins));
    for (size_t i = 0; i < begins->size(); ++i)
      if (!upstream_[path][(*begins)[i]])
        return fail(ErrorCode::InvalidArgument, nameOf(path), ": its end does not need '",
                    paths_[path].from[i], "', where it is to begin");
    for (size_t i = 0; i < ends_[path].size(); ++i)
      if (!behind[ends_[path][i]])
        return fail(ErrorCode::InvalidArgument, nameOf(path), ": '", paths_[path].to[i],
                    "' needs nothing of where it is to begin, ", listed(paths_[path].from));
    Marks own = upstream_[path];
    for (size_t n = 0; n < own.size(); ++n) own[n] = own[n] && behind[n];
    return own;
  }

  Result<void> checkCircles() const;

  const ir::Graph& graph_;
  std::span<const Path> paths_;
  Needs needs_;
  std::vector<std::vector<int>> ends_;  // by path
  std::vector<Marks> upstream_;         // by path: what leads to its ends, with them
  std::vector<int> pathOf_;
};

/// By path, and by path: whether the first needs something of the second, as wholes.
std::vector<Marks> needsOfPaths(const Needs& needs, std::span<const int> pathOf, size_t count) {
  std::vector<Marks> all(count, Marks(count, 0));
  for (size_t p = 0; p < count; ++p) {
    const Marks behind = needs.downstream(marked(pathOf, static_cast<int>(p)));
    for (size_t n = 0; n < pathOf.size(); ++n)
      if (behind[n] && pathOf[n] >= 0 && pathOf[n] != static_cast<int>(p)) all[pathOf[n]][p] = 1;
  }
  for (size_t via = 0; via < count; ++via)
    for (size_t a = 0; a < count; ++a)
      for (size_t b = 0; all[a][via] && b < count; ++b) all[a][b] |= all[via][b];
  return all;
}

/// A node of no path's own that the path needs and that needs the path; -1 for none.
int gapOf(const Needs& needs, std::span<const int> pathOf, int path) {
  const Marks own = marked(pathOf, path);
  const Marks before = needs.upstream(own), behind = needs.downstream(own);
  for (size_t n = 0; n < own.size(); ++n)
    if (before[n] && behind[n] && !own[n]) return static_cast<int>(n);
  return -1;
}

Result<void> PathSearch::checkCircles() const {
  for (size_t p = 0; p < paths_.size(); ++p)
    if (const int gap = gapOf(needs_, pathOf_, static_cast<int>(p)); gap >= 0)
      return fail(ErrorCode::InvalidArgument, nameOf(p), " needs operator '",
                  graph_.nodes[gap].name,
                  "', which needs the path and is not in it, because it "
                  "leads elsewhere too; make two paths of it, or say in `from` where it begins");
  const auto needs = needsOfPaths(needs_, pathOf_, paths_.size());
  for (size_t a = 0; a < paths_.size(); ++a)
    for (size_t b = 0; b < a; ++b)
      if (needs[a][b] && needs[b][a])
        return fail(ErrorCode::InvalidArgument, nameOf(b), " and ", nameOf(a),
                    " need results of each other, so that neither can run before the other; make "
                    "one path of them, or several shorter ones");
  return {};
}

// Lanes -------------------------------------------------------------------------------------------

class LaneBuilder {
 public:
  LaneBuilder(ir::Graph& graph, std::span<const TensorType> types, std::span<const Path> paths,
              std::span<const int> pathOf, std::span<const Side> sides, int threads)
      : graph_(graph),
        paths_(paths),
        pathOf_(pathOf),
        sides_(sides),
        threads_(threads),
        needs_(graph),
        keys_(graph.nodes.size()) {
    for (size_t n = 0; n < graph.nodes.size(); ++n)
      work_.push_back(planning::workOf(graph, types, static_cast<int>(n)));
  }

  Lanes run() {
    findDepths();
    for (size_t n = 0; n < keys_.size(); ++n)
      keys_[n] = pathOf_[n] < 0 ? Key{2 * levelOf_[n], -1} : keyOf(pathOf_[n]);
    for (int level = 0; level <= deepest_; ++level) addRest(level);
    rankLanes();
    order();
    return std::move(lanes_);
  }

 private:
  /// Odd stretches of steps are stages, even ones stand alone.
  struct Key {
    int stretch = 0, path = -1, rank = 0;
    bool operator==(const Key&) const = default;
  };
  Key keyOf(int path) const { return {2 * depthOf_[path] + 1, path}; }

  /// How many stages each path has before its own, and each other node at least.
  void findDepths() {
    const auto needs = needsOfPaths(needs_, pathOf_, paths_.size());
    depthOf_.assign(paths_.size(), 0);
    for (size_t round = 0; round < paths_.size(); ++round)
      for (size_t a = 0; a < paths_.size(); ++a)
        for (size_t b = 0; b < paths_.size(); ++b)
          if (needs[a][b]) depthOf_[a] = std::max(depthOf_[a], depthOf_[b] + 1);
    levelOf_.assign(graph_.nodes.size(), 0);
    for (size_t p = 0; p < paths_.size(); ++p) {
      deepest_ = std::max(deepest_, depthOf_[p]);
      const Marks behind = needs_.downstream(marked(pathOf_, static_cast<int>(p)));
      for (size_t n = 0; n < behind.size(); ++n)
        if (behind[n]) levelOf_[n] = std::max(levelOf_[n], depthOf_[p] + 1);
    }
  }

  /// What no path claims and no path of a stage needs has a lane there.
  void addRest(int level) {
    Marks beside(graph_.nodes.size(), 0);
    for (size_t n = 0; n < beside.size(); ++n)
      beside[n] = pathOf_[n] >= 0 && depthOf_[pathOf_[n]] == level;
    const Marks needed = needs_.upstream(std::move(beside));
    const auto isRest = [&](size_t n) {
      return pathOf_[n] < 0 && levelOf_[n] == level && !needed[n];
    };
    double work = 0;
    for (size_t n = 0; n < keys_.size(); ++n) work += isRest(n) ? work_[n] : 0;
    if (work < kWorthALane) return;
    for (size_t n = 0; n < keys_.size(); ++n)
      if (isRest(n)) keys_[n] = {2 * level + 1, -1};
  }

  /// Lanes that wait for a device begin first, then those with most to do.
  void rankLanes() {
    struct Load {
      int device = 0;
      double work = 0;
    };
    const auto index = [&](const Key& key) { return static_cast<size_t>(key.path + 1); };
    std::vector<Load> loads(paths_.size() + 1);
    for (size_t n = 0; n < keys_.size(); ++n) {
      loads[index(keys_[n])].work += work_[n];
      loads[index(keys_[n])].device |= !sides_.empty() && sides_[n] == Side::Device;
    }
    std::vector<size_t> best(loads.size());
    std::iota(best.begin(), best.end(), 0);
    std::ranges::stable_sort(best, [&](size_t a, size_t b) {
      return std::pair(loads[a].device, loads[a].work) > std::pair(loads[b].device, loads[b].work);
    });
    for (Key& key : keys_)
      key.rank = static_cast<int>(std::ranges::find(best, index(key)) - best.begin());
  }

  void order() {
    std::vector<int>& old = lanes_.oldStep;
    old.resize(graph_.nodes.size());
    std::iota(old.begin(), old.end(), 0);
    std::ranges::stable_sort(old, [&](int a, int b) {
      const auto place = [&](int n) {
        return std::pair(keys_[n].stretch, keys_[n].stretch % 2 ? keys_[n].rank : 0);
      };
      return place(a) < place(b);
    });
    std::vector<ir::Node> nodes = std::exchange(graph_.nodes, {});
    graph_.nodes.reserve(nodes.size());
    for (const int n : old) graph_.nodes.push_back(std::move(nodes[n]));
    graph_.chains = cutChains();
    for (int begin = 0, end = 0; begin < std::ssize(old); begin = end) {
      const Key key = keys_[old[begin]];
      while (end < std::ssize(old) && keys_[old[end]].stretch == key.stretch) ++end;
      if (key.stretch % 2) addStage(begin, end);
    }
  }

  /// Stretches of chains that still stand side by side, in one lane or outside stages.
  std::vector<ir::Chain> cutChains() const {
    std::vector<int> chainOf(graph_.nodes.size(), -1);
    for (size_t c = 0; c < graph_.chains.size(); ++c)
      std::fill(chainOf.begin() + graph_.chains[c].first, chainOf.begin() + graph_.chains[c].end,
                static_cast<int>(c));
    std::vector<ir::Chain> chains;
    const auto& old = lanes_.oldStep;
    const auto joins = [&](int n) {
      const Key &a = keys_[old[n - 1]], &b = keys_[old[n]];
      return chainOf[old[n - 1]] == chainOf[old[n]] && a.stretch == b.stretch &&
             (a.stretch % 2 == 0 || a.path == b.path);
    };
    for (int begin = 0, end = 0; begin < std::ssize(old); begin = end) {
      for (end = begin + 1; end < std::ssize(old) && joins(end);) ++end;
      const int chain = chainOf[old[begin]];
      if (chain >= 0 && end - begin > 1) chains.push_back({begin, end, graph_.chains[chain].rows});
    }
    return chains;
  }

  void addStage(int begin, int end) {
    planning::Order& order = lanes_.order;
    const size_t steps = graph_.nodes.size(), firstLane = lanes_.lanes.size();
    order.stageOf.resize(steps, -1);
    order.laneOf.resize(steps, 0);
    order.threads.resize(steps, 0);
    const auto pathAt = [&](int step) { return keys_[lanes_.oldStep[step]].path; };
    for (int first = begin, last = begin; first < end; first = last) {
      while (last < end && pathAt(last) == pathAt(first)) ++last;
      lanes_.lanes.push_back({first, last, end, 0, pathAt(first)});
    }
    const std::span stage = std::span(lanes_.lanes).subspan(firstLane);
    shareThreads(stage);
    for (size_t lane = 0; lane < stage.size(); ++lane)
      for (int step = stage[lane].first; step < stage[lane].end; ++step) {
        order.stageOf[step] = static_cast<int>(order.stages.size());
        order.laneOf[step] = static_cast<int>(lane);
        order.threads[step] = stage[lane].threads;
      }
    order.stages.push_back({begin, end - 1});
  }

  void shareThreads(std::span<Lane> stage) const {
    int left = threads_, lanes = 0;
    for (Lane& lane : stage) {
      lane.threads = lane.path < 0 ? 0 : std::min(paths_[lane.path].threads, threads_);
      left -= lane.threads;
      lanes += lane.threads == 0;
    }
    for (Lane& lane : stage)
      if (lane.threads == 0) lane.threads = std::max(1, left / lanes);
  }

  ir::Graph& graph_;
  std::span<const Path> paths_;
  std::span<const int> pathOf_;
  std::span<const Side> sides_;
  int threads_;
  Needs needs_;
  std::vector<double> work_;  // by node
  std::vector<Key> keys_;     // by node
  std::vector<int> levelOf_;  // by node: stages that it needs
  std::vector<int> depthOf_;  // by path: stages before its own
  int deepest_ = 0;
  Lanes lanes_;
};

}  // namespace

Result<std::vector<int>> findPaths(const ir::Graph& graph, std::span<const Path> paths) {
  return PathSearch(graph, paths).run();
}

Lanes putInLanes(ir::Graph& graph, std::span<const TensorType> types, std::span<const Path> paths,
                 std::span<const int> pathOf, std::span<const Side> sides, int threads) {
  return LaneBuilder(graph, types, paths, pathOf, sides, threads).run();
}

std::vector<int> pathsOfPlaced(const ir::Graph& placed, std::span<const Side> sides,
                               std::span<const int> pathOf) {
  std::vector<int> paths;
  const auto isCrossing = [&](size_t n) {
    return sides[n] == Side::Entering || sides[n] == Side::Leaving;
  };
  auto own = pathOf.begin();
  for (size_t n = 0; n < placed.nodes.size(); ++n) paths.push_back(isCrossing(n) ? -1 : *own++);
  const std::vector<int> producers = placed.producers();
  const auto readers = placed.consumers();
  for (size_t n = 0; n < placed.nodes.size(); ++n) {
    if (!isCrossing(n)) continue;
    const ir::Node& node = placed.nodes[n];
    const int writer = producers[node.inputs[0]];
    const std::vector<int>& read = readers[node.outputs[0]];
    const auto same = [&](int reader) { return paths[reader] == paths[read[0]]; };
    if (writer >= 0 && paths[writer] >= 0)
      paths[n] = paths[writer];
    else if (!read.empty() && std::ranges::all_of(read, same))
      paths[n] = paths[read[0]];
  }
  return paths;
}

}  // namespace minnow::program
