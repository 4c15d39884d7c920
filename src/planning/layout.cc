// Lifetimes and windows of buffers. A buffer is touched by every step that reads or writes a value
// in it; it lives from the first touch to the last. If one chain alone touches it, it may become a
// window: a buffer that holds only the rows that the chain still reads.
#include "planning/layout.h"

#include <algorithm>
#include <numeric>

#include "base/aligned.h"

namespace minnow::planning {
namespace {

using ir::kNoValue;
using ir::ValueId;

/// Most strips times nodes of all chains together; see kMostBookkeeping of strips.cc.
constexpr size_t kMostEnds = 1 << 22;

/// Rows that two bands make may add this share to a chain's work.
constexpr double kMostRedone = 0.1;

class LayoutBuilder {
 public:
  LayoutBuilder(const ir::Graph& graph, const std::vector<TensorType>& types,
                std::span<const ChainCut> cuts, Order order)
      : graph_(graph), types_(types), uses_(graph, types) {
    layout_.order = std::move(order);
    layout_.chainOf.assign(graph.nodes.size(), -1);
    schedule(cuts);
    layout_.storage =
        assignStorage(graph, types, uses_, layout_.chains, layout_.chainOf, layout_.order);
    for (size_t bytes : layout_.storage.bufferBytes) layout_.buffers.push_back({bytes});
    guests_.resize(layout_.buffers.size());
  }

  std::optional<MemoryLayout> build() {
    for (size_t v = 0; v < graph_.values.size(); ++v)
      if (layout_.storage.places[v].buffer >= 0)
        guests_[layout_.storage.places[v].buffer].push_back(static_cast<ValueId>(v));
    touchAll();
    for (size_t n = 0; n < graph_.nodes.size(); ++n) fillStage(static_cast<int>(n));
    makeWindows();
    for (size_t b = 0; b < layout_.buffers.size(); ++b) stretch(layout_.buffers[b]);
    if (!bandsStayApart()) return {};
    layout_.dataSizes = std::move(uses_.dataSizes);
    return std::move(layout_);
  }

 private:
  /// Rows that two bands make may only lie in windows.
  bool bandsStayApart() const {
    for (size_t b = 0; b < guests_.size(); ++b)
      for (ValueId id : guests_[b])
        if (layout_.buffers[b].window < 0 && uses_.writer[id] >= 0 &&
            !rowsAreApart(uses_.writer[id]))
          return false;
    return true;
  }

  void schedule(std::span<const ChainCut> cuts) {
    size_t ends = 0;
    for (size_t c = 0; c < cuts.size(); ++c) {
      ir::Chain chain = graph_.chains[c];
      chain.rows = cuts[c].rows;
      auto bands = scheduleBands(chain, cuts[c].bands);
      for (const ChainSchedule& band : bands) ends += band.ends.size();
      if (ends > kMostEnds) return;
      if (bands.empty()) continue;
      std::fill(layout_.chainOf.begin() + chain.first, layout_.chainOf.begin() + chain.end,
                static_cast<int>(layout_.chains.size()));
      std::ranges::move(bands, std::back_inserter(layout_.chains));
    }
  }

  /// Empty where the chain is not to be cut, or cannot be.
  std::vector<ChainSchedule> scheduleBands(const ir::Chain& chain, int count) const {
    std::vector<ChainSchedule> bands;
    for (int band = 0; chain.rows > 0 && band < count; ++band) {
      auto scheduled = scheduleChain(graph_, types_, uses_, chain, {band, count});
      if (!scheduled || (count == 1 && scheduled->strips < 2)) return {};
      bands.push_back(std::move(*scheduled));
    }
    return bands;
  }

  void touch(ValueId id, int step) {
    const int buffer = id == kNoValue ? -1 : layout_.storage.places[id].buffer;
    if (buffer < 0) return;
    Buffer& touched = layout_.buffers[buffer];
    touched.first = std::min(touched.first, step);
    touched.last = std::max(touched.last, step);
  }

  void touchAll() {
    for (ValueId id : graph_.inputs) touch(id, 0);
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      for (ValueId id : graph_.nodes[n].inputs) touch(id, static_cast<int>(n));
      for (ValueId id : graph_.nodes[n].outputs) touch(id, static_cast<int>(n));
    }
    for (ValueId id : graph_.outputs) touch(id, static_cast<int>(graph_.nodes.size()));
  }

  /// What several lanes of a stage touch exists as long as the stage runs.
  void fillStage(int step) {
    const Stage* stage = layout_.order.stageAt(step);
    if (stage == nullptr) return;
    const auto fill = [&](ValueId id) {
      const int at = id == kNoValue ? -1 : layout_.storage.places[id].buffer;
      if (at < 0) return;
      Buffer& buffer = layout_.buffers[at];
      if (layout_.order.areBeside(step, buffer.first)) buffer.first = stage->first;
      if (layout_.order.areBeside(step, buffer.last)) buffer.last = stage->last;
    };
    std::ranges::for_each(graph_.nodes[step].inputs, fill);
    std::ranges::for_each(graph_.nodes[step].outputs, fill);
  }

  /// The chain that alone writes and reads the buffer, -1 if there is none.
  int ownChain(size_t buffer) const {
    int chain = -1;
    for (ValueId id : guests_[buffer]) {
      const int writer = uses_.writer[id];
      if (writer < 0 || chainAt(writer) < 0 || uses_.isOutput[id]) return -1;
      if (chain >= 0 && chainAt(writer) != chain) return -1;
      chain = chainAt(writer);
      for (int reader : uses_.readers[id])
        if (chainAt(reader) != chain) return -1;
    }
    return chain;
  }

  /// Bytes from row to row of a buffer whose tensors are cut along the one storage axis that is
  /// outermost, so that dropping rows leaves all strides as they are; 0 otherwise.
  int64_t commonRowStride(int buffer, const ChainSchedule& chain) const {
    int64_t stride = 0;
    for (ValueId id : guests_[buffer]) {
      const int writer = uses_.writer[id];
      if (chain.axis(writer) < 0) return 0;
      const int64_t own = layout_.storage.places[id].storage.strides[chain.axis(writer)];
      const auto bytes = static_cast<int64_t>(elementSize(types_[id].type)) * own;
      if (bytes <= 0 || (stride != 0 && stride != bytes)) return 0;
      if (bytes * chain.height(writer) != static_cast<int64_t>(layout_.storage.bufferBytes[buffer]))
        return 0;
      stride = bytes;
    }
    return stride;
  }

  void makeWindows() {
    std::vector<std::pair<int, int>> owned;
    for (size_t b = 0; b < layout_.buffers.size(); ++b)
      if (const int chain = ownChain(b); chain >= 0) owned.emplace_back(chain, b);
    std::vector<std::pair<int, int>> all;  // every band's
    for (const auto& [chain, buffer] : owned)
      for (int band = 0; band < layout_.chains[chain].band.count; ++band)
        all.emplace_back(chain + band, buffer);
    std::ranges::sort(all);
    for (const auto& [chain, buffer] : all) makeWindow(buffer, chain);
  }

  /// Decides how many rows the buffer must hold. In strip s it holds rows [low, written), of which
  /// earlier strips made the first `kept`. For A of the example in docs/design.md (112 rows, a
  /// window of 3 reads it, strips of 8):
  ///   strip   made before   low   kept   made after   rows held
  ///     0          0         0      0        9            9
  ///     1          9         7      2       17           10
  ///     2         17        15      2       25           10
  /// so A takes 10 of its 112 rows. Before strip 1 rows 7 and 8 are moved to the buffer's
  /// beginning, which is row 7 from then on.
  void makeWindow(int buffer, int chainIndex) {
    const ChainSchedule& chain = layout_.chains[chainIndex];
    const int64_t rowBytes = commonRowStride(buffer, chain);
    if (rowBytes == 0) return;
    Window window{buffer, chainIndex, static_cast<size_t>(rowBytes), 0, {}, {}};
    for (int strip = 0; strip < chain.strips; ++strip) {
      int64_t low = lowestNeeded(buffer, chain, strip);
      const int64_t before = strip == 0 ? low : written(buffer, chain, strip - 1);
      low = std::min(low, before);
      window.low.push_back(static_cast<int32_t>(low));
      window.kept.push_back(static_cast<int32_t>(before - low));
      window.rows = std::max(window.rows, written(buffer, chain, strip) - low);
    }
    const size_t bytes = static_cast<size_t>(window.rows * rowBytes);
    if (chain.band.count == 1 && bytes >= layout_.buffers[buffer].bytes) return;
    give(std::move(window), chain.band.index, bytes);
  }

  /// Band 0 has the window in the buffer's own place, further bands in a new one.
  void give(Window window, int band, size_t bytes) {
    Buffer& own = layout_.buffers[window.buffer];
    const Buffer held{bytes, own.first, own.last, static_cast<int>(layout_.windows.size()),
                      layout_.chains[window.chain].band.count == 1 ? Buffer::kAll : band};
    if (band == 0) {
      own = held;
    } else {
      window.buffer = static_cast<int>(layout_.buffers.size());
      layout_.buffers.push_back(held);
    }
    layout_.windows.push_back(std::move(window));
  }

  /// Rows that some writer has made after `strip`.
  int64_t written(int buffer, const ChainSchedule& chain, int strip) const {
    int64_t most = 0;
    for (ValueId id : guests_[buffer])
      if (makesRows(chain, id)) most = std::max(most, chain.end(uses_.writer[id], strip));
    return most;
  }

  /// The first row that `strip` or a later one reads, or writes. Writes count because a node that
  /// lags behind (a sink) continues where it stopped, perhaps below what anybody reads.
  int64_t lowestNeeded(int buffer, const ChainSchedule& chain, int strip) const {
    int64_t low = StripReads::kNone;
    for (ValueId id : guests_[buffer]) {
      if (!makesRows(chain, id)) continue;
      low = std::min(low, chain.end(uses_.writer[id], strip - 1));
      for (int reader : uses_.readers[id]) {
        const ir::Node& node = graph_.nodes[reader];
        for (size_t i = 0; i < node.inputs.size(); ++i)
          if (node.inputs[i] == id)
            low = std::min<int64_t>(low, chain.readsOf(reader)[i].first[strip]);
      }
    }
    return low == StripReads::kNone ? 0 : low;
  }

  /// False for a value of which a band needs no rows.
  bool makesRows(const ChainSchedule& chain, ValueId id) const {
    return chain.begin(uses_.writer[id]) < chain.end(uses_.writer[id]);
  }

  /// True if no two bands make the same row of a node.
  bool rowsAreApart(int node) const {
    return planning::rowsAreApart(layout_.chains, chainAt(node), node);
  }

  // What is filled or read over several strips exists as long as the chain runs; so does what was
  // there before it and what is left after it.
  void stretch(Buffer& buffer) const {
    if (buffer.last < 0) return;
    if (buffer.window >= 0 && !layout_.windows[buffer.window].keepsRows()) return;
    // Chains do not overlap: those between the first and the last change nothing.
    const int first = chainAt(buffer.first), last = chainAt(buffer.last);
    if (first >= 0) buffer.first = layout_.chains[first].first;
    if (last >= 0) buffer.last = layout_.chains[last].last;
  }

  /// Of a step; outputs are there one step after the last node.
  int chainAt(int step) const {
    return step < static_cast<int>(layout_.chainOf.size()) ? layout_.chainOf[step] : -1;
  }

  const ir::Graph& graph_;
  const std::vector<TensorType>& types_;
  Uses uses_;
  std::vector<std::vector<ValueId>> guests_;  // values, by buffer
  MemoryLayout layout_;
};

std::vector<ChainCut> cutsOf(const ir::Graph& graph, int rowsFactor) {
  std::vector<ChainCut> cuts;
  for (const ir::Chain& chain : graph.chains)
    cuts.push_back({std::clamp<int64_t>(chain.rows, 1, ops::kMaxExtent) * rowsFactor});
  return cuts;
}

/// Adds to every step of a chain the most that its band has alive at one of them.
void addMost(const MemoryLayout& layout, const std::vector<size_t>& ofBand,
             std::vector<size_t>& alive) {
  for (const ChainSchedule& chain : layout.chains) {
    if (chain.band.index > 0) continue;
    const auto begin = ofBand.begin() + chain.first, end = ofBand.begin() + chain.last + 1;
    const size_t most = *std::max_element(begin, end);
    for (int step = chain.first; step <= chain.last; ++step) alive[step] += most;
  }
}

/// Adds those that end in one lane of a stage and begin in another. What several lanes of a stage
/// touch exists in all of it, so that any other buffer has one lane at its beginning, and one at its
/// end.
void addLanes(std::span<const Buffer> buffers, const Order& order,
              std::vector<std::pair<int, int>>& found) {
  std::vector<std::vector<int>> beginning(order.stages.size()), ending(order.stages.size());
  const auto file = [&](std::vector<std::vector<int>>& byStage, int step, size_t buffer) {
    if (const Stage* stage = order.stageAt(step))
      byStage[stage - order.stages.data()].push_back(static_cast<int>(buffer));
  };
  for (size_t b = 0; b < buffers.size(); ++b) {
    if (buffers[b].last < 0) continue;
    file(beginning, buffers[b].first, b);
    file(ending, buffers[b].last, b);
  }
  for (size_t stage = 0; stage < order.stages.size(); ++stage)
    for (const int a : ending[stage])
      for (const int b : beginning[stage])
        if (buffers[a].last < buffers[b].first &&
            order.areBeside(buffers[a].last, buffers[b].first))
          found.emplace_back(a, b);
}

/// True if the chain that begins with a node is in bands, and what they do twice is little beside
/// its work.
bool worthBands(const ir::Graph& graph, const std::vector<TensorType>& types,
                const MemoryLayout& layout, int first) {
  const int index = layout.chainOf[first];
  if (index < 0 || layout.chains[index].band.count == 1) return false;
  double work = 0, done = 0;
  for (int n = first; n <= layout.chains[index].last; ++n) {
    const double own = workOf(graph, types, n);
    int64_t rows = 0;
    for (int band = 0; band < layout.chains[index].band.count; ++band)
      rows += layout.chains[index + band].end(n) - layout.chains[index + band].begin(n);
    work += own;
    done += own * static_cast<double>(rows) / static_cast<double>(layout.chains[index].height(n));
  }
  return done <= work * (1 + kMostRedone);
}

}  // namespace

bool Window::keepsRows() const {
  return std::ranges::any_of(kept, [](int32_t rows) { return rows > 0; });
}

std::vector<size_t> aliveBytes(const MemoryLayout& layout) {
  // What comes and goes at each step; what goes wraps around.
  const size_t steps = layout.storage.isView.size() + 2;
  const auto sum = [&](int band) {
    std::vector<size_t> alive(steps, 0);
    for (const Buffer& buffer : layout.buffers) {
      if (buffer.last < 0 || buffer.band != band) continue;
      alive[static_cast<size_t>(buffer.first)] += base::alignUp(buffer.bytes);
      alive[static_cast<size_t>(buffer.last) + 1] -= base::alignUp(buffer.bytes);
    }
    std::partial_sum(alive.begin(), alive.end(), alive.begin());
    return alive;
  };
  std::vector<size_t> alive = sum(Buffer::kAll);
  int bands = 0;
  for (const Buffer& buffer : layout.buffers) bands = std::max(bands, buffer.band + 1);
  for (int band = 0; band < bands; ++band) addMost(layout, sum(band), alive);
  alive.pop_back();
  return alive;
}

std::vector<std::pair<int, int>> besides(std::span<const Buffer> buffers,
                                         std::span<const int> chainOf, const Order& order) {
  std::vector<std::pair<int, int>> found;
  addLanes(buffers, order, found);
  std::vector<int> banded;
  for (size_t b = 0; b < buffers.size(); ++b)
    if (buffers[b].band != Buffer::kAll && buffers[b].last >= 0)
      banded.push_back(static_cast<int>(b));
  const auto areBeside = [&](const Buffer& a, const Buffer& b) {
    return a.band != b.band && chainOf[a.first] == chainOf[b.first] &&
           (a.last < b.first || b.last < a.first);
  };
  for (size_t i = 0; i < banded.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (areBeside(buffers[banded[i]], buffers[banded[j]]))
        found.emplace_back(banded[i], banded[j]);
  return found;
}

std::optional<MemoryLayout> layOut(const ir::Graph& graph, const std::vector<TensorType>& types,
                                   std::span<const ChainCut> cuts, Order order) {
  return LayoutBuilder(graph, types, cuts, std::move(order)).build();
}

MemoryLayout layOut(const ir::Graph& graph, const std::vector<TensorType>& types, int rowsFactor) {
  return *layOut(graph, types, cutsOf(graph, rowsFactor));
}

MemoryLayout layOutInBands(const ir::Graph& graph, const std::vector<TensorType>& types,
                           int threads) {
  std::vector<ChainCut> cuts = cutsOf(graph, threads);
  MemoryLayout best = *layOut(graph, types, cuts);
  const size_t most = std::ranges::max(aliveBytes(best));
  for (size_t c = 0; threads > 1 && c < cuts.size(); ++c) {
    const ChainCut strips = cuts[c];
    const int64_t rows = strips.rows / threads;
    // Windows have rows to spare at each border: lower strips make up for them.
    for (const int64_t lower : {rows, rows - rows / 4, rows - rows / 2}) {
      cuts[c] = {lower, threads};
      auto layout = layOut(graph, types, cuts);
      if (!layout || !worthBands(graph, types, *layout, graph.chains[c].first)) break;
      if (std::ranges::max(aliveBytes(*layout)) > most) continue;
      best = std::move(*layout);
      break;
    }
    const int index = best.chainOf[graph.chains[c].first];
    if (index < 0 || best.chains[index].band.count == 1) cuts[c] = strips;
  }
  return best;
}

}  // namespace minnow::planning
