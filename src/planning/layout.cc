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

class LayoutBuilder {
 public:
  LayoutBuilder(const ir::Graph& graph, const std::vector<TensorType>& types, int rowsFactor)
      : graph_(graph), types_(types), uses_(graph, types) {
    layout_.chainOf.assign(graph.nodes.size(), -1);
    if (rowsFactor > 0) schedule(rowsFactor);
    layout_.storage = assignStorage(graph, types, uses_, layout_.chains, layout_.chainOf);
    for (size_t bytes : layout_.storage.bufferBytes) layout_.buffers.push_back({bytes});
    guests_.resize(layout_.buffers.size());
  }

  MemoryLayout build() {
    for (size_t v = 0; v < graph_.values.size(); ++v)
      if (layout_.storage.places[v].buffer >= 0)
        guests_[layout_.storage.places[v].buffer].push_back(static_cast<ValueId>(v));
    touchAll();
    makeWindows();
    for (size_t b = 0; b < layout_.buffers.size(); ++b) stretch(layout_.buffers[b]);
    layout_.dataSizes = std::move(uses_.dataSizes);
    return std::move(layout_);
  }

 private:
  void schedule(int rowsFactor) {
    size_t ends = 0;
    for (ir::Chain chain : graph_.chains) {
      chain.rows = std::min(chain.rows, ops::kMaxExtent) * rowsFactor;
      auto scheduled = scheduleChain(graph_, types_, uses_, chain);
      if (!scheduled || scheduled->strips < 2) continue;
      ends += scheduled->ends.size();
      if (ends > kMostEnds) return;
      std::fill(layout_.chainOf.begin() + chain.first, layout_.chainOf.begin() + chain.end,
                static_cast<int>(layout_.chains.size()));
      layout_.chains.push_back(std::move(*scheduled));
    }
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
      if (bytes * chain.height(writer) != static_cast<int64_t>(layout_.buffers[buffer].bytes))
        return 0;
      stride = bytes;
    }
    return stride;
  }

  void makeWindows() {
    std::vector<std::pair<int, int>> owned;
    for (size_t b = 0; b < layout_.buffers.size(); ++b)
      if (const int chain = ownChain(b); chain >= 0) owned.emplace_back(chain, b);
    std::ranges::sort(owned);
    for (const auto& [chain, buffer] : owned) makeWindow(buffer, chain);
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
      const int64_t before = written(buffer, chain, strip - 1);
      const int64_t low = std::min<int64_t>(lowestNeeded(buffer, chain, strip), before);
      window.low.push_back(static_cast<int32_t>(low));
      window.kept.push_back(static_cast<int32_t>(before - low));
      window.rows = std::max(window.rows, written(buffer, chain, strip) - low);
    }
    const size_t bytes = static_cast<size_t>(window.rows * rowBytes);
    if (bytes >= layout_.buffers[buffer].bytes) return;
    layout_.buffers[buffer].bytes = bytes;
    layout_.buffers[buffer].window = static_cast<int>(layout_.windows.size());
    layout_.windows.push_back(std::move(window));
  }

  /// Rows that some writer has made after `strip`.
  int64_t written(int buffer, const ChainSchedule& chain, int strip) const {
    int64_t most = 0;
    for (ValueId id : guests_[buffer]) most = std::max(most, chain.end(uses_.writer[id], strip));
    return most;
  }

  /// The first row that `strip` or a later one reads, or writes. Writes count because a node that
  /// lags behind (a sink) continues where it stopped, perhaps below what anybody reads.
  int64_t lowestNeeded(int buffer, const ChainSchedule& chain, int strip) const {
    int64_t low = StripReads::kNone;
    for (ValueId id : guests_[buffer]) {
      low = std::min(low, chain.end(uses_.writer[id], strip - 1));
      for (int reader : uses_.readers[id]) {
        const ir::Node& node = graph_.nodes[reader];
        for (size_t i = 0; i < node.inputs.size(); ++i)
          if (node.inputs[i] == id)
            low = std::min<int64_t>(low, chain.readsOf(reader)[i].first[strip]);
      }
    }
    return low;
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

}  // namespace

bool Window::keepsRows() const {
  return std::ranges::any_of(kept, [](int32_t rows) { return rows > 0; });
}

std::vector<size_t> aliveBytes(const MemoryLayout& layout) {
  // What comes and goes at each step; what goes wraps around.
  std::vector<size_t> alive(layout.storage.isView.size() + 2, 0);
  for (const Buffer& buffer : layout.buffers) {
    if (buffer.last < 0) continue;
    alive[static_cast<size_t>(buffer.first)] += base::alignUp(buffer.bytes);
    alive[static_cast<size_t>(buffer.last) + 1] -= base::alignUp(buffer.bytes);
  }
  std::partial_sum(alive.begin(), alive.end(), alive.begin());
  alive.pop_back();
  return alive;
}

MemoryLayout layOut(const ir::Graph& graph, const std::vector<TensorType>& types, int rowsFactor) {
  return LayoutBuilder(graph, types, rowsFactor).build();
}

}  // namespace minnow::planning
