// Lanes in one arena: random graphs in random orders, run by a toy interpreter however lanes may
// go.
#include <gtest/gtest.h>

#include <climits>
#include <map>
#include <numeric>

#include "planning/toy_run.h"
#include "program/paths.h"
#include "tests/placed.h"

namespace minnow::planning {
namespace {

/// `steps` random layers that branch and meet, on images of one height.
ir::Graph randomBranches(std::mt19937& random, int steps, int64_t height) {
  ToyGraph toy(random() % 4 == 0 ? ops::StorageOrder::Plain : ops::StorageOrder::ChannelsLast);
  std::vector<ir::ValueId> images{toy.input({1, 2, height, 2}), toy.input({1, 3, height, 2})};
  for (const int input : {0, 1}) images.push_back(toy.window(images[input], 3, 1));
  for (int i = 0; i < steps; ++i) {
    const ir::ValueId x = images[random() % images.size()], y = images[random() % images.size()];
    const int64_t channels = toy.shape(x)[1];
    switch (random() % 8) {
      case 0:
      case 1:
        images.push_back(toy.window(x, 3, 1));
        break;
      case 2:
      case 3:
      case 4:
        images.push_back(toy.relu(x));
        break;
      case 5:
        images.push_back(toy.shape(x) == toy.shape(y) ? toy.sum(x, y) : toy.relu(y));
        break;
      case 6:
        images.push_back(channels < 6 && x != y ? toy.concat(x, y) : toy.relu(x));
        break;
      default:
        images.push_back(channels > 1 ? toy.channelsFrom(x, 1) : toy.window(x, 1, 1));
    }
  }
  const auto readers = toy.graph.consumers();
  for (size_t i = 2; i < images.size(); ++i)
    if (readers[images[i]].empty() || random() % 9 == 0) toy.output(images[i]);
  EXPECT_TRUE(toy.graph.verify());
  return std::move(toy.graph);
}

bool cutsChain(const ir::Graph& graph, int step) {
  return std::ranges::any_of(
      graph.chains, [&](const ir::Chain& chain) { return step > chain.first && step < chain.end; });
}

/// By step of [first, end): the least step that it hangs together with.
std::vector<int> groupsOf(const ir::Graph& graph, int first, int end) {
  std::vector<int> group(static_cast<size_t>(end));
  std::iota(group.begin(), group.end(), 0);
  const auto join = [&](int a, int b) {
    const int least = std::min(group[a], group[b]), most = std::max(group[a], group[b]);
    std::ranges::replace(group, most, least);
  };
  const std::vector<int> writer = graph.producers();
  for (int step = first; step < end; ++step) {
    if (cutsChain(graph, step)) join(step - 1, step);
    for (const ir::ValueId id : graph.nodes[step].inputs)
      if (writer[id] >= first) join(writer[id], step);
  }
  return group;
}

/// Stages of any length, and what hangs together there in any of up to four lanes.
Order randomOrder(const ir::Graph& graph, std::mt19937& random) {
  const int steps = static_cast<int>(graph.nodes.size());
  Order order;
  order.stageOf.assign(graph.nodes.size(), -1);
  order.laneOf.assign(graph.nodes.size(), 0);
  for (int first = 0; first < steps;) {
    int end = std::min(steps, first + 1 + static_cast<int>(random() % 10));
    while (cutsChain(graph, end)) ++end;
    if (random() % 5 != 0) {
      const std::vector<int> groups = groupsOf(graph, first, end);
      std::map<int, int> laneOf;
      for (int step = first; step < end; ++step) {
        order.stageOf[step] = static_cast<int>(order.stages.size());
        order.laneOf[step] =
            laneOf.try_emplace(groups[step], static_cast<int>(random() % 4)).first->second;
      }
      order.stages.push_back({first, end - 1});
    }
    first = end;
  }
  return order;
}

/// The steps of a lane, those of chains strip by strip, and those in bands all at once.
class LaneRun {
 public:
  explicit LaneRun(const StripTables& tables) : tables_(&tables) {}
  void add(int step) {
    const ChainSchedule* chain = tables_->chainAt(step);
    if (chain != nullptr && step != chain->first) return;
    todo_.emplace_back(*tables_, step, 0);
  }
  bool isDone() const { return at_ == todo_.size(); }
  bool advance(ToyRun& run, std::mt19937& random) {
    StripCursor& cursor = todo_[at_];
    if (tables_->bandsAt(cursor.step()) > 1) return run.bands(todo_[at_++], random);
    const bool inChain = tables_->chainAt(cursor.step()) != nullptr;
    if (!run.step(cursor)) return false;
    cursor.advance();
    at_ += !inChain || cursor.isDone();
    return true;
  }

 private:
  const StripTables* tables_;
  std::vector<StripCursor> todo_;
  size_t at_ = 0;
};

/// The stages in order, a lone step being one too, and the lanes of each.
std::vector<std::vector<std::vector<int>>> stepsByLane(const Order& order, int steps) {
  std::vector<std::vector<std::vector<int>>> stages;
  for (int step = 0; step < steps; ++step) {
    const Stage* stage = order.stageAt(step);
    if (stage == nullptr || stage->first == step) stages.emplace_back(4);
    stages.back()[stage == nullptr ? 0 : static_cast<size_t>(order.laneOf[step])].push_back(step);
  }
  return stages;
}

/// Lanes go on as chance has it.
void runAtRandom(const ir::Graph& graph, const MemoryLayout& layout, std::mt19937& random) {
  const StripTables tables(layout);
  const auto [offsets, bytes] = placed(layout);
  ToyRun run(graph, layout, tables, offsets, bytes);
  for (const auto& stage : stepsByLane(layout.order, tables.steps())) {
    std::vector<LaneRun> lanes(stage.size(), LaneRun(tables));
    for (size_t lane = 0; lane < stage.size(); ++lane)
      for (const int step : stage[lane]) lanes[lane].add(step);
    while (std::erase_if(lanes, [](const LaneRun& lane) { return lane.isDone(); }), !lanes.empty())
      ASSERT_TRUE(lanes[random() % lanes.size()].advance(run, random));
  }
  EXPECT_TRUE(run.outputsAreRight());
}

/// How many steps of different lanes there are to a stage, in pairs.
int besideInPairs(const Order& order) {
  int pairs = 0;
  for (int a = 0; a < static_cast<int>(order.stageOf.size()); ++a)
    for (int b = 0; b < a; ++b) pairs += order.areBeside(a, b);
  return pairs;
}

/// Steps of a stage that write into the place of what they read.
int inPlace(const ir::Graph& graph, const MemoryLayout& layout) {
  int count = 0;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto bufferOf = [&](ir::ValueId id) { return layout.storage.places[id].buffer; };
    const ir::Node& node = graph.nodes[n];
    const auto own = [&](ir::ValueId id) { return bufferOf(id) == bufferOf(node.outputs[0]); };
    count += layout.order.stageAt(static_cast<int>(n)) != nullptr && node.as<ops::Unary>() &&
             std::ranges::any_of(node.inputs, own);
  }
  return count;
}

}  // namespace

TEST(Lanes, NoByteIsOverwrittenWhileItIsNeeded) {
  std::mt19937 random(33);
  int pairs = 0, chains = 0, overwriting = 0;
  for (int round = 0; round < 1500; ++round) {
    SCOPED_TRACE(round);
    const auto height = static_cast<int64_t>(1 + random() % 12);
    ir::Graph graph = randomBranches(random, 1 + round % 25, height);
    if (round % 2 == 0) chainAtRandom(graph, random);
    std::vector<ChainCut> cuts;
    for (const ir::Chain& chain : graph.chains)
      cuts.push_back({chain.rows, 1 + static_cast<int>(random() % 3)});
    const auto layout = layOut(graph, typesOf(graph), cuts, randomOrder(graph, random));
    pairs += besideInPairs(layout.order);
    chains += static_cast<int>(layout.chains.size());
    overwriting += inPlace(graph, layout);
    runAtRandom(graph, layout, random);
    if (HasFailure()) return;
  }
  EXPECT_GT(pairs, 10'000);
  EXPECT_GT(chains, 1'000);
  EXPECT_GT(overwriting, 500);
}

namespace {

/// One to three paths that end anywhere, and now and then say where they begin.
std::vector<program::Path> randomPaths(const ir::Graph& graph, std::mt19937& random) {
  const auto anyNode = [&] { return graph.nodes[random() % graph.nodes.size()].name.str(); };
  std::vector<program::Path> paths(1 + random() % 3);
  for (program::Path& path : paths) {
    for (size_t i = 0; i <= random() % 3 / 2; ++i) path.to.push_back(anyNode());
    if (random() % 4 == 0) path.from.push_back(anyNode());
    path.threads = static_cast<int>(random() % 3);
  }
  return paths;
}

/// What is read has been written, whatever lanes do.
void expectLegal(const ir::Graph& graph, const Order& order) {
  const std::vector<int> writer = graph.producers();
  for (int n = 0; n < static_cast<int>(graph.nodes.size()); ++n)
    for (const ir::ValueId id : graph.nodes[n].inputs)
      ASSERT_TRUE(writer[id] < 0 || order.isBefore(writer[id], n)) << writer[id] << ", " << n;
}

void expectStretches(const program::Lanes& lanes, std::span<const int> pathOf) {
  for (const program::Lane& lane : lanes.lanes)
    for (int step = lane.first; step < lane.end; ++step)
      ASSERT_EQ(pathOf[lanes.oldStep[step]], lane.path);
  for (size_t step = 0; step < lanes.oldStep.size(); ++step) {
    const bool inStage = lanes.order.stageAt(static_cast<int>(step)) != nullptr;
    ASSERT_TRUE(inStage || pathOf[lanes.oldStep[step]] < 0);
  }
}

}  // namespace

// Paths of sessions: each a lane, beside what it does not need, and no byte overwritten while it is
// needed. Every second graph has lanes for what is in no path, and is too large to be run here.
TEST(Lanes, PathsAreLanes) {
  std::mt19937 random(35);
  int found = 0, pairs = 0, rest = 0;
  for (int round = 0; round < 3000; ++round) {
    SCOPED_TRACE(round);
    const bool large = round % 2 == 0;
    ir::Graph graph = randomBranches(random, 2 + round % 25,
                                     large ? 20'000 : 1 + static_cast<int64_t>(random() % 12));
    if (!large) chainAtRandom(graph, random);
    const auto paths = randomPaths(graph, random);
    const auto pathOf = program::findPaths(graph, paths);
    if (!pathOf) continue;
    ++found;
    const auto lanes = program::putInLanes(graph, typesOf(graph), paths, *pathOf, {}, 4);
    ASSERT_TRUE(graph.verify()) << graph.verify().error().message;
    expectLegal(graph, lanes.order);
    expectStretches(lanes, *pathOf);
    if (HasFatalFailure()) return;
    pairs += besideInPairs(lanes.order);
    rest += std::ranges::count(lanes.lanes, -1, &program::Lane::path);
    if (large) continue;
    const auto types = typesOf(graph);
    Layouts layouts(graph, types, lanes.order);
    runAtRandom(graph, layouts.inBands(1 + round % 3), random);
    runAtRandom(graph, layouts.layers(), random);
    if (HasFailure()) return;
  }
  EXPECT_GT(found, 1'000);
  EXPECT_GT(pairs, 5'000);
  EXPECT_GT(rest, 100);
}

namespace {

/// Calls `run(steps)` with every course that the lanes may take.
template <class F>
void forEachCourse(const Order& order, int steps, const F& run) {
  const auto stages = stepsByLane(order, steps);
  std::vector<int> course;
  const auto go = [&](const auto& self, size_t stage, std::vector<size_t> done) -> void {
    if (stage == stages.size()) return run(course);
    bool ended = true;
    for (size_t lane = 0; lane < stages[stage].size(); ++lane) {
      if (done[lane] == stages[stage][lane].size()) continue;
      ended = false;
      course.push_back(stages[stage][lane][done[lane]]);
      std::vector<size_t> next = done;
      ++next[lane];
      self(self, stage, next);
      course.pop_back();
    }
    if (ended) self(self, stage + 1, std::vector<size_t>(4, 0));
  };
  go(go, 0, std::vector<size_t>(4, 0));
}

/// The steps that touch each buffer: -1 for the graph's inputs, one after the last for its outputs.
/// What holds no value is a workspace, of step `first`.
std::vector<std::vector<int>> touchesOf(const ir::Graph& graph, const MemoryLayout& layout) {
  std::vector<std::vector<int>> touches(layout.buffers.size());
  const auto add = [&](const std::vector<ir::ValueId>& ids, int step) {
    for (const ir::ValueId id : ids) touches[layout.storage.places[id].buffer].push_back(step);
  };
  add(graph.inputs, -1);
  for (int n = 0; n < static_cast<int>(graph.nodes.size()); ++n) {
    add(graph.nodes[n].inputs, n);
    add(graph.nodes[n].outputs, n);
  }
  add(graph.outputs, static_cast<int>(graph.nodes.size()));
  for (size_t b = layout.storage.bufferBytes.size(); b < touches.size(); ++b)
    touches[b] = {layout.buffers[b].first};
  return touches;
}

/// When a buffer exists in a run, by place in its course: from before it, -1, to after it.
struct Life {
  int first = INT_MAX, last = INT_MIN;
};

Life lifeIn(const std::vector<int>& course, const std::vector<int>& touches) {
  Life life;
  for (const int step : touches) {
    const auto place = static_cast<int>(std::ranges::find(course, step) - course.begin());
    const int time = step < 0 ? step : place;
    life = {std::min(life.first, time), std::max(life.last, time)};
  }
  return life;
}

bool meet(const Order& order, const std::vector<int>& course, const Life& a, const Life& b) {
  if (a.first > b.first) return meet(order, course, b, a);
  if (b.first <= a.last) return true;
  // A step may begin before the one before it has ended, unless it waits for it.
  const bool follows =
      b.first == a.last + 1 && a.last >= 0 && b.first < static_cast<int>(course.size());
  return follows && order.areBeside(course[a.last], course[b.first]);
}

/// Which buffers, by index, exist at once in some run: [a][b] for b < a.
std::vector<std::vector<bool>> together(const ir::Graph& graph, const MemoryLayout& layout,
                                        const std::vector<std::vector<int>>& touches) {
  auto found = std::vector(touches.size(), std::vector<bool>(touches.size()));
  const int steps = static_cast<int>(graph.nodes.size());
  forEachCourse(layout.order, steps, [&](const std::vector<int>& course) {
    std::vector<Life> lives;
    for (const std::vector<int>& steps : touches) lives.push_back(lifeIn(course, steps));
    for (size_t a = 0; a < lives.size(); ++a)
      for (size_t b = 0; b < a; ++b)
        if (meet(layout.order, course, lives[a], lives[b])) found[a][b] = true;
  });
  return found;
}

/// Every step has a workspace too.
MemoryLayout withWorkspaces(MemoryLayout layout) {
  for (int n = 0; n < static_cast<int>(layout.chainOf.size()); ++n)
    layout.buffers.push_back({static_cast<size_t>(64 + n % 3 * 64), n, n});
  return layout;
}

/// Buffers are apart if they exist at once in some run. Returns how many the order alone keeps
/// apart; it does so with no others.
int expectApart(const ir::Graph& graph, const MemoryLayout& layout,
                const std::vector<size_t>& offsets) {
  const auto met = together(graph, layout, touchesOf(graph, layout));
  auto kept = std::vector(met.size(), std::vector<bool>(met.size()));
  const auto pairs = besides(layout.buffers, layout.chainOf, layout.order);
  for (const auto& [a, b] : pairs) kept[std::max(a, b)][std::min(a, b)] = true;
  for (size_t a = 0; a < met.size(); ++a)
    for (size_t b = 0; b < a; ++b) {
      const Buffer &one = layout.buffers[a], &other = layout.buffers[b];
      const bool sameStep = one.first <= other.last && other.first <= one.last;
      EXPECT_TRUE(met[a][b] || !kept[a][b]) << a << " and " << b;
      EXPECT_TRUE(!met[a][b] || kept[a][b] || sameStep) << a << " and " << b;
      EXPECT_TRUE(!met[a][b] || offsets[a] + one.bytes <= offsets[b] ||
                  offsets[b] + other.bytes <= offsets[a])
          << a << " and " << b;
    }
  return static_cast<int>(pairs.size());
}

}  // namespace

// All runs of small graphs, one after another: whatever exists at once in one of them lies apart,
// and every reader finds what was written.
TEST(Lanes, SmallGraphsAreRightInEveryRun) {
  std::mt19937 random(34);
  int beside = 0, courses = 0;
  for (int round = 0; round < 600; ++round) {
    SCOPED_TRACE(round);
    const ir::Graph graph = randomBranches(random, 1 + round % 6, 2);
    auto layout = layOut(graph, typesOf(graph), {}, randomOrder(graph, random));
    layout = withWorkspaces(std::move(layout));
    const auto [offsets, bytes] = placed(layout);
    beside += expectApart(graph, layout, offsets);
    const StripTables tables(layout);
    forEachCourse(layout.order, tables.steps(), [&](const std::vector<int>& course) {
      ++courses;
      ToyRun run(graph, layout, tables, offsets, bytes);
      for (const int step : course) run.step(StripCursor(tables, step, 0));
      run.outputsAreRight();
    });
    if (HasFailure()) return;
  }
  EXPECT_GT(beside, 1'000);
  EXPECT_GT(courses, 5'000);
}

namespace {
uint64_t hashed(uint64_t hash, const MemoryLayout& layout) {
  const auto [offsets, bytes] = placed(layout);
  for (const size_t offset : offsets) hash = (hash ^ offset) * 1099511628211U;
  return (hash ^ bytes) * 1099511628211U;
}
}  // namespace

/// Offsets of models that exist are a promise: the hash is from before there were lanes.
TEST(Lanes, OneLanePlacesAsItAlwaysHas) {
  uint64_t hash = 14695981039346656037U;
  std::mt19937 random(4);
  for (int round = 0; round < 300; ++round) {
    ir::Graph graph = randomToyGraph(random, 3 + round % 20, 1 + random() % 24);
    chainAtRandom(graph, random);
    std::vector<ChainCut> cuts, layers(graph.chains.size());
    for (const ir::Chain& chain : graph.chains) cuts.push_back({chain.rows});
    Order order;  // one lane, with a stage around it
    order.stages.push_back({0, static_cast<int>(graph.nodes.size()) - 1});
    order.stageOf.assign(graph.nodes.size(), 0);
    order.laneOf.assign(graph.nodes.size(), 0);
    for (const auto& cut : {cuts, layers}) {
      const MemoryLayout layout = layOut(graph, typesOf(graph), cut);
      hash = hashed(hash, layout);
      EXPECT_EQ(hashed(0, layout), hashed(0, layOut(graph, typesOf(graph), cut, order)));
    }
  }
  EXPECT_EQ(hash, 16728438829762853911U);
}

}  // namespace minnow::planning
