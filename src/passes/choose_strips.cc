// Choosing the chains that run in strips. Least peak first: as long as the step with the most
// memory alive can be brought down by a chain around it, the best such chain is taken, with strips
// tall enough that running in them costs little time. Then time: chains that turned out needless
// go, nodes that run once leave the others, and those get the tallest strips that keep the peak.
//
// Winograd's tiles want rows by fours, from nodes before them too. Where that would take much more
// memory than direct convolutions, chains are those of direct ones, and tiles stay where they cost little.
#include <algorithm>
#include <cmath>

#include "passes/pass.h"
#include "planning/layout.h"

namespace minnow::passes {
namespace {

using Chains = std::vector<ir::Chain>;

// More boundaries to either side of a step than these are not looked at.
constexpr size_t kMostBoundaries = 8;
// Less is not worth a chain.
constexpr double kWorthwhile = 0.99;
// Strips may add 5 % to a chain's work. They add, in multiply-adds, kCallCost for each call of a
// kernel and kFloatCost for each float that is moved or copied once more because two strips read it
// (measured with one thread on AVX-512, where multiply-adds are cheapest).
constexpr double kMostOverhead = 0.05, kCallCost = 6000, kFloatCost = 4;
// Layouts tried take time by node. Networks need some ten thousand (M-LSD 27,180 nodes laid out).
constexpr size_t kMostNodesLaidOut = 4'000'000;
// Memory that Winograd's tiles may cost.
constexpr double kMostForTiles = 1.125;
// Feature maps that small stay whole where tiles are: strips would have their weights transformed once
// more for each (a sign classifier of 30x30 pixels took 1.25 times as long), in order to save what no device lacks.
constexpr size_t kSmallBytes = 256 * 1024;
// Strips whose line buffers are larger leave the second cache.
constexpr size_t kCacheBytes = 512 * 1024;

class Chooser {
 public:
  explicit Chooser(ir::Graph& graph) : graph_(graph), types_(typesOf(graph)), uses_(graph, types_) {
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
      const int node = static_cast<int>(n);
      isLocal_.push_back(
          planning::scheduleChain(graph, types_, uses_, {node, node + 1, 1}).has_value());
    }
  }

  int run() {
    const Tiles inTiles = nodesInTiles();
    if (!inTiles.empty() && peakWith({}) <= kSmallBytes) return 0;
    Choice best = choose();
    if (!inTiles.empty()) {
      setTiles(inTiles, false);
      Choice direct = choose();
      setTiles(inTiles, true);
      const auto most = static_cast<size_t>(kMostForTiles * static_cast<double>(direct.peak));
      if (best.peak > most) best = withTilesBelow(most, std::move(direct), inTiles);
    }
    for (ir::Chain& chain : best.chains) moveAhead(chain);
    for (size_t c = 0; c < best.chains.size(); ++c) raise(best.chains, c, best.peak);
    graph_.chains = best.chains;
    return static_cast<int>(best.chains.size());
  }

 private:
  struct Choice {
    Chains chains;
    size_t peak = 0;
  };

  Choice choose() {
    Chains chains;
    std::vector<size_t> alive = aliveWith(chains);
    measureBorders();
    for (size_t round = 0; round < graph_.nodes.size() && !isSpent(); ++round) {
      const auto peak = std::ranges::max_element(alive);
      Chains better = lowered(chains, static_cast<int>(peak - alive.begin()), *peak);
      if (better.empty()) break;
      chains = std::move(better);
      alive = aliveWith(chains);
    }
    const size_t peak = alive.empty() ? 0 : std::ranges::max(alive);
    dropNeedless(chains, peak);
    return {std::move(chains), peak};
  }

  /// Whether a node is in tiles, which then is true and may become false; else null.
  bool* mayLeaveTiles(const ir::Node& node) const {
    bool* inTiles = node.op->inTiles();
    return inTiles && *inTiles && !node.op->hasTransformedWeights(graph_.inputTypes(node))
               ? inTiles
               : nullptr;
  }
  using Tiles = std::vector<bool*>;  // whether a node is in tiles, those with most work first
  Tiles nodesInTiles() const {
    std::vector<std::pair<double, bool*>> found;
    for (size_t n = 0; n < graph_.nodes.size(); ++n)
      if (bool* inTiles = mayLeaveTiles(graph_.nodes[n]))
        found.emplace_back(planning::workOf(graph_, types_, static_cast<int>(n)), inTiles);
    std::ranges::stable_sort(found, std::greater(), &std::pair<double, bool*>::first);
    Tiles nodes;
    for (const auto& [work, inTiles] : found) nodes.push_back(inTiles);
    return nodes;
  }
  static void setTiles(const Tiles& nodes, bool to) {
    for (bool* inTiles : nodes) *inTiles = to;
  }

  /// The chains of direct convolutions, with tiles as far as the peak allows.
  Choice withTilesBelow(size_t most, Choice direct, const Tiles& nodes) {
    setTiles(nodes, false);
    for (bool* inTiles : nodes) {
      *inTiles = true;
      const size_t peak = peakWith(direct.chains);
      if (peak > most)
        *inTiles = false;
      else
        direct.peak = peak;
    }
    return direct;
  }

  static std::vector<TensorType> typesOf(const ir::Graph& graph) {
    std::vector<TensorType> types;
    for (const ir::Value& value : graph.values) types.push_back(value.type);
    return types;
  }

  planning::MemoryLayout layoutWith(const Chains& chains) {
    graph_.chains = chains;
    laidOut_ += graph_.nodes.size();
    return planning::layOut(graph_, types_, 1);
  }
  bool isSpent() const { return laidOut_ > kMostNodesLaidOut; }
  std::vector<size_t> aliveWith(const Chains& chains) {
    return planning::aliveBytes(layoutWith(chains));
  }
  size_t peakWith(const Chains& chains) { return std::ranges::max(aliveWith(chains)); }

  /// The chains with another one around `step` that lowers its memory most; empty if none does.
  Chains lowered(const Chains& chains, int step, size_t now) {
    Chains best;
    size_t least = static_cast<size_t>(static_cast<double>(now) * kWorthwhile);
    if (step >= static_cast<int>(graph_.nodes.size()) || !isLocal_[step]) return best;
    for (int first : boundaries(step, -1))
      for (int last : boundaries(step, +1)) {
        if (first == last || isSpent()) continue;
        ir::Chain chain{first, last + 1, 1};
        const auto schedule = planning::scheduleChain(graph_, types_, uses_, chain);
        if (!schedule) continue;
        chain.rows = leastRows(*schedule);
        Chains tried = with(chains, chain);
        const size_t peak = peakAround(aliveWith(tried), chains, chain);
        if (peak >= least) continue;
        least = peak;
        best = std::move(tried);
      }
    return best;
  }

  /// Nodes that a chain around `step` may begin (direction -1) or end with: going away from it,
  /// each has less memory alive across its border than all nearer ones.
  std::vector<int> boundaries(int step, int direction) const {
    std::vector<int> found;
    size_t least = SIZE_MAX;
    for (int n = step; n >= 0 && n < static_cast<int>(graph_.nodes.size()) && isLocal_[n] &&
                       found.size() < kMostBoundaries;
         n += direction) {
      const size_t across = across_[static_cast<size_t>(direction < 0 ? n : n + 1)];
      if (across >= least) continue;
      least = across;
      found.push_back(n);
    }
    return found;
  }

  /// The lowest strips whose overhead is small beside the chain's work.
  int64_t leastRows(const planning::ChainSchedule& chain) const {
    double work = 0, perStrip = 0;
    for (int n = chain.first; n <= chain.last; ++n) {
      const ir::Node& node = graph_.nodes[n];
      std::vector<TensorType> outputs;
      for (ir::ValueId id : node.outputs) outputs.push_back(id < 0 ? TensorType{} : types_[id]);
      const std::vector<TensorType> inputs = graph_.inputTypes(node);
      work += static_cast<double>(node.op->multiplyAdds(inputs, outputs));
      perStrip += kCallCost + static_cast<double>(node.op->multiplyAddsPerCall(inputs));
      for (const TensorType& type : outputs) work += kFloatCost * floats(type);
      for (size_t i = 0; i < inputs.size(); ++i)
        perStrip += kFloatCost * floatsReadTwice(chain, n, static_cast<int>(i), inputs, outputs);
    }
    const double strips = std::max(1.0, kMostOverhead * work / perStrip);
    const auto height = static_cast<double>(chain.height(chain.last));
    return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(height / strips)));
  }

  static double floats(const TensorType& type) {
    return static_cast<double>(type.shape.elements());
  }

  /// How many floats of an input both a strip and the next one read.
  double floatsReadTwice(const planning::ChainSchedule& chain, int n, int index,
                         std::span<const TensorType> inputs,
                         std::span<const TensorType> outputs) const {
    const ops::Operator& op = *graph_.nodes[n].op;
    int64_t middle = chain.height(n) / 2;
    if (inputs[index].type == DataType::Undefined || middle == 0) return 0;
    const ir::ValueId id = graph_.nodes[n].inputs[static_cast<size_t>(index)];
    if (graph_.values[id].isConstant()) return 0;
    if (const auto at = op.rowsRead(index, {chain.axis(n), 0, 1}, inputs, outputs))
      middle = std::max(at->together, middle / at->together * at->together);
    if (middle >= chain.height(n)) return 0;
    const auto before = op.rowsRead(index, {chain.axis(n), middle - 1, middle}, inputs, outputs);
    const auto after = op.rowsRead(index, {chain.axis(n), middle, middle + 1}, inputs, outputs);
    if (!before || !after) return 0;
    if (before->axis == ops::Rows::kWhole) return floats(inputs[index]);
    const auto rows = static_cast<double>(std::max<int64_t>(before->end - after->begin, 0));
    return rows * floats(inputs[index]) / static_cast<double>(inputs[index].shape[before->axis]);
  }

  void measureBorders() {
    graph_.chains.clear();
    const planning::MemoryLayout layout = planning::layOut(graph_, types_, 0);
    across_.assign(graph_.nodes.size() + 2, 0);
    for (ir::ValueId id : graph_.inputs)
      across_[0] += layout.buffers[layout.storage.places[id].buffer].bytes;
    // By what begins and ends at each border; what ends wraps around.
    std::vector<size_t> change(across_.size() + 1, 0);
    for (const planning::Buffer& buffer : layout.buffers) {
      if (buffer.last <= buffer.first) continue;
      change[static_cast<size_t>(buffer.first) + 1] += buffer.bytes;
      change[static_cast<size_t>(buffer.last) + 1] -= buffer.bytes;
    }
    for (size_t border = 1, alive = 0; border < across_.size(); ++border)
      across_[border] = alive += change[border];
  }

  /// `chain` added, others cut where they overlap it.
  static Chains with(const Chains& chains, const ir::Chain& chain) {
    Chains all{chain};
    for (const ir::Chain& other : chains) {
      if (other.end <= chain.first || other.first >= chain.end) {
        all.push_back(other);
        continue;
      }
      if (chain.first - other.first >= 2) all.push_back({other.first, chain.first, other.rows});
      if (other.end - chain.end >= 2) all.push_back({chain.end, other.end, other.rows});
    }
    std::ranges::sort(all, {}, &ir::Chain::first);
    return all;
  }

  /// The most memory alive in the chain and in those that it cuts.
  static size_t peakAround(const std::vector<size_t>& alive, const Chains& chains,
                           const ir::Chain& chain) {
    int first = chain.first, end = chain.end;
    for (const ir::Chain& other : chains)
      if (other.end > chain.first && other.first < chain.end) {
        first = std::min(first, other.first);
        end = std::max(end, other.end);
      }
    return *std::max_element(alive.begin() + first, alive.begin() + end);
  }

  void dropNeedless(Chains& chains, size_t peak) {
    for (size_t c = chains.size(); c-- > 0 && !isSpent();) {
      Chains fewer = chains;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(c));
      if (peakWith(fewer) <= peak) chains = std::move(fewer);
    }
  }

  /// What runs once goes before the chain in which it stood, and the rest can run in bands: the
  /// values of attention, of which each row of the product reads all, stood behind its scores.
  void moveAhead(ir::Chain& chain) {
    const auto schedule = planning::scheduleChain(graph_, types_, uses_, chain);
    if (!schedule) return;
    std::vector<ir::Node> once, rest;
    for (int n = chain.first; n < chain.end; ++n)
      (schedule->axis(n) == ops::Rows::kWhole ? once : rest).push_back(std::move(graph_.nodes[n]));
    chain.first += static_cast<int>(once.size());
    std::ranges::move(once, graph_.nodes.begin() + chain.first - std::ssize(once));
    std::ranges::move(rest, graph_.nodes.begin() + chain.first);
  }

  /// The tallest strips that keep the peak and whose rows stay in the cache. From low ones up, so
  /// that the cache may have the last word over leastRows(): beginning at those took MobileNetV2
  /// from 1.31 to 1.45 MB and made no model faster.
  void raise(Chains& chains, size_t c, size_t peak) {
    for (int64_t rows = 2; rows <= 1024 && !isSpent(); rows += std::max<int64_t>(1, rows / 2)) {
      Chains taller = chains;
      taller[c].rows = rows;
      const planning::MemoryLayout layout = layoutWith(taller);
      if (std::ranges::max(planning::aliveBytes(layout)) > peak ||
          windowBytes(layout, taller[c]) > kCacheBytes)
        break;
      chains = std::move(taller);
    }
  }

  static size_t windowBytes(const planning::MemoryLayout& layout, const ir::Chain& chain) {
    size_t bytes = 0;
    for (const planning::LineBuffer& lines : layout.lineBuffers)
      if (layout.chains[lines.chain].first == chain.first)
        bytes += layout.buffers[lines.buffer].bytes;
    return bytes;
  }

  ir::Graph& graph_;
  std::vector<TensorType> types_;
  planning::Uses uses_;
  size_t laidOut_ = 0;          // nodes
  std::vector<char> isLocal_;   // by node: can be computed in strips at all
  std::vector<size_t> across_;  // by border: bytes written before node n and read by it or later
};

}  // namespace

Result<int> chooseStrips(ir::Graph& graph, sizes::Budget&) {
  if (graph.nodes.empty()) return 0;
  return Chooser(graph).run();
}

}  // namespace minnow::passes
