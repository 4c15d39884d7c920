// Choosing the chains that run in strips. Least peak first: as long as the step with the most
// memory alive can be brought down by a chain around it, the best such chain is taken. Then time:
// chains that turned out needless go, and the others get the tallest strips that keep the peak.
#include <algorithm>

#include "passes/pass.h"
#include "planning/layout.h"

namespace minnow::passes {
namespace {

using Chains = std::vector<ir::Chain>;

// More boundaries to either side of a step than these are not looked at.
constexpr size_t kMostBoundaries = 8;
// Less is not worth a chain.
constexpr double kWorthwhile = 0.99;
// Strips whose windows are larger leave the second cache.
constexpr size_t kCacheBytes = 512 * 1024;

class Chooser {
 public:
  explicit Chooser(ir::Graph& graph) : graph_(graph), uses_(graph) {
    for (const ir::Value& value : graph.values) types_.push_back(value.type);
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
      const int node = static_cast<int>(n);
      isLocal_.push_back(
          planning::scheduleChain(graph, types_, uses_, {node, node + 1, 1}).has_value());
    }
  }

  int run() {
    Chains chains;
    std::vector<size_t> alive = aliveWith(chains);
    measureBorders();
    for (size_t round = 0; round < graph_.nodes.size(); ++round) {
      const auto peak = std::ranges::max_element(alive);
      Chains better = lowered(chains, static_cast<int>(peak - alive.begin()), *peak);
      if (better.empty()) break;
      chains = std::move(better);
      alive = aliveWith(chains);
    }
    const size_t peak = alive.empty() ? 0 : std::ranges::max(alive);
    dropNeedless(chains, peak);
    for (size_t c = 0; c < chains.size(); ++c) raise(chains, c, peak);
    graph_.chains = chains;
    return static_cast<int>(chains.size());
  }

 private:
  std::vector<size_t> aliveWith(const Chains& chains) {
    graph_.chains = chains;
    return planning::aliveBytes(planning::layOut(graph_, types_, true));
  }
  size_t peakWith(const Chains& chains) { return std::ranges::max(aliveWith(chains)); }

  /// The chains with another one around `step` that lowers its memory most; empty if none does.
  Chains lowered(const Chains& chains, int step, size_t now) {
    Chains best;
    size_t least = static_cast<size_t>(static_cast<double>(now) * kWorthwhile);
    if (step >= static_cast<int>(graph_.nodes.size()) || !isLocal_[step]) return best;
    for (int first : boundaries(step, -1))
      for (int last : boundaries(step, +1)) {
        if (first == last) continue;
        const ir::Chain chain{first, last + 1, 1};
        if (!planning::scheduleChain(graph_, types_, uses_, chain)) continue;
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

  void measureBorders() {
    graph_.chains.clear();
    const planning::Layout layout = planning::layOut(graph_, types_, false);
    across_.assign(graph_.nodes.size() + 1, 0);
    for (ir::ValueId id : graph_.inputs)
      across_[0] += layout.buffers[layout.storage.places[id].buffer].bytes;
    for (const planning::Buffer& buffer : layout.buffers)
      for (int border = buffer.first + 1; border <= buffer.last; ++border)
        across_[static_cast<size_t>(border)] += buffer.bytes;
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
    for (size_t c = chains.size(); c-- > 0;) {
      Chains fewer = chains;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(c));
      if (peakWith(fewer) <= peak) chains = std::move(fewer);
    }
  }

  /// Taller strips as long as the peak stays and their rows stay in the cache.
  void raise(Chains& chains, size_t c, size_t peak) {
    for (int64_t rows = 2; rows <= 1024; rows += std::max<int64_t>(1, rows / 2)) {
      Chains taller = chains;
      taller[c].rows = rows;
      graph_.chains = taller;
      const planning::Layout layout = planning::layOut(graph_, types_, true);
      if (std::ranges::max(planning::aliveBytes(layout)) > peak ||
          windowBytes(layout, taller[c]) > kCacheBytes)
        break;
      chains = std::move(taller);
    }
  }

  static size_t windowBytes(const planning::Layout& layout, const ir::Chain& chain) {
    size_t bytes = 0;
    for (const planning::Window& window : layout.windows)
      if (layout.chains[window.chain].first == chain.first)
        bytes += layout.buffers[window.buffer].bytes;
    return bytes;
  }

  ir::Graph& graph_;
  planning::Uses uses_;
  std::vector<TensorType> types_;
  std::vector<char> isLocal_;   // by node: can be computed in strips at all
  std::vector<size_t> across_;  // by border: bytes written before node n and read by it or later
};

}  // namespace

Result<int> chooseStrips(ir::Graph& graph) {
  if (graph.nodes.empty()) return 0;
  return Chooser(graph).run();
}

}  // namespace minnow::passes
