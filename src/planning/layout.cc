// Lifetimes of buffers. A buffer is touched by every step that reads or writes a value in it; it
// lives from the first touch to the last. If one chain alone touches it, it may become a line
// buffer, which holds only the rows that the chain still reads.
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

class LayoutBuilder {
 public:
  LayoutBuilder(Layouts& shared, std::span<ChainCut> cuts, const Order& order)
      : shared_(shared),
        graph_(shared.graph()),
        types_(shared.stored()),
        uses_(shared.uses()),
        cuts_(cuts) {
    layout_.order = order;
    layout_.chainOf.assign(graph_.nodes.size(), -1);
    schedule();
    layout_.storage =
        assignStorage(graph_, types_, uses_, layout_.chains, layout_.chainOf, layout_.order);
    layout_.buffers.reserve(layout_.storage.bufferBytes.size());
    for (size_t bytes : layout_.storage.bufferBytes) layout_.buffers.push_back({bytes});
  }

  /// Or nothing, and the cuts with no bands where they cannot be had.
  std::optional<MemoryLayout> build() {
    touchAll();
    for (size_t n = 0; n < graph_.nodes.size(); ++n) fillStage(static_cast<int>(n));
    makeLineBuffers();
    for (size_t b = 0; b < layout_.buffers.size(); ++b) stretch(layout_.buffers[b]);
    if (!bandsStayApart()) return {};
    for (size_t c = 0; c < layout_.chains.size(); ++c)
      if (!layout_.chains[c].limits.empty()) makeBorders(static_cast<int>(c));
    layout_.dataSizes = uses_.dataSizes;
    return std::move(layout_);
  }

 private:
  /// Rows that two bands have may only lie in line buffers. A chain for which that fails is cut
  /// into strips instead.
  bool bandsStayApart() {
    bool apart = true;
    for (size_t b = 0; b < layout_.storage.bufferBytes.size(); ++b)
      for (const ValueId id : guestsOf(b)) {
        const int writer = uses_.writer[id];
        if (layout_.buffers[b].lineBuffer >= 0 || writer < 0 || rowsAreApart(writer)) continue;
        cuts_[cutOf_[chainAt(writer)]].becomeStrips();
        apart = false;
      }
    return apart;
  }

  void schedule() {
    size_t ends = 0;
    for (size_t c = 0; c < cuts_.size(); ++c) {
      if (shared_.courses(c, cuts_[c]).empty() && cuts_[c].bands > 1) cuts_[c].becomeStrips();
      const std::vector<ChainSchedule>& bands = shared_.courses(c, cuts_[c]);
      for (const ChainSchedule& band : bands) ends += band.ends.size();
      if (ends > kMostEnds) return;
      if (bands.empty()) continue;
      const ir::Chain& chain = graph_.chains[c];
      std::fill(layout_.chainOf.begin() + chain.first, layout_.chainOf.begin() + chain.end,
                static_cast<int>(layout_.chains.size()));
      std::ranges::copy(bands, std::back_inserter(layout_.chains));
      cutOf_.resize(layout_.chains.size(), static_cast<int>(c));
    }
  }

  Guests::List guestsOf(size_t buffer) const { return layout_.storage.guests[buffer]; }

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
    for (const ValueId id : guestsOf(buffer)) {
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
    for (const ValueId id : guestsOf(buffer)) {
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

  void makeLineBuffers() {
    std::vector<std::pair<int, int>> owned;
    for (size_t b = 0; b < layout_.buffers.size(); ++b)
      if (const int chain = ownChain(b); chain >= 0) owned.emplace_back(chain, b);
    std::vector<std::pair<int, int>> all;  // every band's
    for (const auto& [chain, buffer] : owned)
      for (int band = 0; band < layout_.chains[chain].band.count; ++band)
        all.emplace_back(chain + band, buffer);
    std::ranges::sort(all);
    for (const auto& [chain, buffer] : all) makeLineBuffer(buffer, chain);
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
  void makeLineBuffer(int buffer, int chainIndex) {
    const ChainSchedule& chain = layout_.chains[chainIndex];
    const int64_t rowBytes = commonRowStride(buffer, chain);
    if (rowBytes == 0) return;
    LineBuffer lines{buffer, chainIndex, static_cast<size_t>(rowBytes), 0, {}, {}};
    lines.low.reserve(static_cast<size_t>(chain.strips));
    lines.kept.reserve(static_cast<size_t>(chain.strips));
    for (int strip = 0; strip < chain.strips; ++strip) {
      int64_t low = lowestNeeded(buffer, chain, strip);
      const int64_t before = strip == 0 ? low : written(buffer, chain, strip - 1);
      low = std::min(low, before);
      lines.low.push_back(static_cast<int32_t>(low));
      lines.kept.push_back(static_cast<int32_t>(before - low));
      lines.rows = std::max(lines.rows, written(buffer, chain, strip) - low);
    }
    const size_t bytes = static_cast<size_t>(lines.rows * rowBytes);
    if (chain.band.count == 1 && bytes >= layout_.buffers[buffer].bytes) return;
    give(std::move(lines), chain.band.index, bytes);
  }

  /// Band 0 has the line buffer in the buffer's own place, further bands in a new one.
  void give(LineBuffer lines, int band, size_t bytes) {
    Buffer& own = layout_.buffers[lines.buffer];
    const Buffer held{bytes, own.first, own.last, static_cast<int>(layout_.lineBuffers.size()),
                      layout_.chains[lines.chain].band.count == 1 ? Buffer::kAll : band};
    if (band == 0) {
      own = held;
    } else {
      lines.buffer = static_cast<int>(layout_.buffers.size());
      layout_.buffers.push_back(held);
    }
    layout_.lineBuffers.push_back(std::move(lines));
  }

  /// What the band after this one hands to it lies in one buffer for as long as the chain runs.
  void makeBorders(int chainIndex) {
    const ChainSchedule& chain = layout_.chains[chainIndex];
    const int buffer = static_cast<int>(layout_.buffers.size());
    size_t bytes = 0;
    for (int n = chain.first; n <= chain.last; ++n)
      for (ValueId id : graph_.nodes[n].outputs) {
        const int64_t begin = chain.limit(n), end = chain.end(n);
        const LineBuffer* lines = id == kNoValue ? nullptr : lineBufferOf(id);
        if (begin >= end || lines == nullptr) continue;
        layout_.borders.push_back({chainIndex, n, id, buffer, bytes, lines->rowBytes, begin, end});
        bytes += base::alignUp(static_cast<size_t>(end - begin) * lines->rowBytes);
      }
    if (bytes > 0) layout_.buffers.push_back({bytes, chain.first, chain.last});
  }

  const LineBuffer* lineBufferOf(ValueId id) const {
    const int buffer = layout_.storage.places[id].buffer;
    const int lines = buffer < 0 ? -1 : layout_.buffers[buffer].lineBuffer;
    return lines < 0 ? nullptr : &layout_.lineBuffers[lines];
  }

  /// Rows that some writer has made after `strip`.
  int64_t written(int buffer, const ChainSchedule& chain, int strip) const {
    int64_t most = 0;
    for (const ValueId id : guestsOf(buffer))
      if (makesRows(chain, id)) most = std::max(most, chain.end(uses_.writer[id], strip));
    return most;
  }

  /// The first row that `strip` or a later one reads, or writes. Writes count because a node that
  /// lags behind (a sink) continues where it stopped, perhaps below what anybody reads.
  int64_t lowestNeeded(int buffer, const ChainSchedule& chain, int strip) const {
    int64_t low = StripReads::kNone;
    for (const ValueId id : guestsOf(buffer)) {
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

  /// True if no two bands have the same row of a node.
  bool rowsAreApart(int node) const {
    return planning::rowsAreApart(layout_.chains, chainAt(node), node);
  }

  // What is filled or read over several strips exists as long as the chain runs; so does what was
  // there before it and what is left after it.
  void stretch(Buffer& buffer) const {
    if (buffer.last < 0) return;
    if (buffer.lineBuffer >= 0 && !layout_.lineBuffers[buffer.lineBuffer].keepsRows()) return;
    // Chains do not overlap: those between the first and the last change nothing.
    const int first = chainAt(buffer.first), last = chainAt(buffer.last);
    if (first >= 0) buffer.first = layout_.chains[first].first;
    if (last >= 0) buffer.last = layout_.chains[last].last;
  }

  /// Of a step; outputs are there one step after the last node.
  int chainAt(int step) const {
    return step < static_cast<int>(layout_.chainOf.size()) ? layout_.chainOf[step] : -1;
  }

  Layouts& shared_;
  const ir::Graph& graph_;
  const std::vector<TensorType>& types_;
  const Uses& uses_;
  std::span<ChainCut> cuts_;
  std::vector<int> cutOf_;  // by index into the layout's chains
  MemoryLayout layout_;
};

std::vector<ChainCut> cutsOf(const ir::Graph& graph, const Order& order, int rowsFactor) {
  std::vector<ChainCut> cuts;
  for (const ir::Chain& chain : graph.chains)
    cuts.push_back({std::clamp<int64_t>(chain.rows, 1, ops::kMaxExtent) *
                    std::min(rowsFactor, order.threadsAt(chain.first, rowsFactor))});
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
/// touch exists in all of it, so that any other buffer has one lane at its beginning, and one at
/// its end.
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

/// How much lower than strips bands may be, in quarters: their line buffers have rows to spare at
/// each border, and every band has workspace.
constexpr int kHeights = 4;
/// Of what strips save of whole layers' memory, bands may use up a half: a third left BlazeFace
/// strips of one row, which on two threads take 8 % longer than whole layers.
constexpr size_t kSaving = 2;

/// The `attempt`-th cut of a chain into bands; the last one is into strips.
ChainCut bandsAt(const ChainCut& strips, int threads, int attempt) {
  if (attempt == kHeights || threads == 1) return strips;
  const int64_t rows = strips.rows / threads;
  return {std::max<int64_t>(1, rows - rows * attempt / kHeights), threads};
}

}  // namespace

bool LineBuffer::keepsRows() const {
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

Layouts::Layouts(const ir::Graph& graph, const std::vector<TensorType>& types, Order order,
                 const std::vector<TensorType>* stored)
    : graph_(graph),
      types_(types),
      stored_(stored != nullptr ? *stored : types),
      uses_(graph, types),
      order_(std::move(order)),
      known_(graph.chains.size()) {}

const std::vector<ChainSchedule>& Layouts::courses(size_t chain, const ChainCut& cut) {
  static const std::vector<ChainSchedule> kNone;
  if (cut.rows == 0) return kNone;
  const auto known = std::ranges::find(known_[chain], cut, &Known::cut);
  if (known != known_[chain].end()) return known->bands;
  auto bands =
      scheduleBands(graph_, types_, uses_,
                    {graph_.chains[chain].first, graph_.chains[chain].end, cut.rows}, cut.bands);
  Known& found = known_[chain].emplace_back(cut);
  if (bands && (cut.bands > 1 || bands->front().strips > 1)) found.bands = std::move(*bands);
  return found.bands;
}

MemoryLayout Layouts::inCuts(std::span<const ChainCut> cuts, const Order& order) {
  std::vector<ChainCut> possible(cuts.begin(), cuts.end());
  while (true)
    if (auto layout = LayoutBuilder(*this, possible, order).build()) return std::move(*layout);
}

MemoryLayout Layouts::inStrips(int rowsFactor) {
  return inCuts(cutsOf(graph_, order_, rowsFactor), order_);
}

const MemoryLayout& Layouts::layers() {
  if (!layers_) layers_ = inStrips(0);
  return *layers_;
}

MemoryLayout Layouts::inBands(int threads) {
  const std::vector<ChainCut> strips = cutsOf(graph_, order_, threads);
  const size_t least = std::ranges::max(aliveBytes(inCuts(strips, order_)));
  const size_t whole = std::ranges::max(aliveBytes(layers()));
  const size_t most = least + (whole - std::min(least, whole)) / kSaving;
  std::vector<int> attempts(strips.size(), 0);
  while (true) {
    std::vector<ChainCut> cuts;
    for (size_t c = 0; c < strips.size(); ++c) {
      const bool inStage = order_.stageAt(graph_.chains[c].first) != nullptr;
      cuts.push_back(bandsAt(strips[c], inStage ? 1 : threads, attempts[c]));
    }
    MemoryLayout layout = inCuts(cuts, order_);
    const std::vector<size_t> alive = aliveBytes(layout);
    bool fits = true;
    for (size_t c = 0; c < strips.size(); ++c) {
      const auto [first, end, rows] = graph_.chains[c];
      const size_t own = *std::max_element(alive.begin() + first, alive.begin() + end);
      if (own <= most || attempts[c] == kHeights) continue;
      ++attempts[c];
      fits = false;
    }
    if (fits) return layout;
  }
}

MemoryLayout layOut(const ir::Graph& graph, const std::vector<TensorType>& types,
                    std::span<const ChainCut> cuts, const Order& order) {
  return Layouts(graph, types).inCuts(cuts, order);
}

MemoryLayout layOut(const ir::Graph& graph, const std::vector<TensorType>& types, int rowsFactor) {
  return Layouts(graph, types).inStrips(rowsFactor);
}

MemoryLayout layOutInBands(const ir::Graph& graph, const std::vector<TensorType>& types,
                           int threads) {
  return Layouts(graph, types).inBands(threads);
}

}  // namespace minnow::planning
