// Sharing of memory between values.
#include "planning/storage.h"

#include <algorithm>

namespace minnow::planning {
namespace {

using ir::kNoValue;
using ir::ValueId;

class Assignment {
 public:
  Assignment(const ir::Graph& graph, const std::vector<TensorType>& types, const Uses& uses,
             const std::vector<ChainSchedule>& chains, const std::vector<int>& chainOf,
             const Order& order)
      : graph_(graph),
        types_(types),
        chains_(chains),
        chainOf_(chainOf),
        order_(order),
        dataSizes_(uses.dataSizes),
        consumers_(uses.readers),
        producers_(uses.writer) {
    plan_.places.resize(graph.values.size());
    plan_.guests = Guests(graph.values.size());
    readsOf_.reserve(graph.values.size());
    plan_.isView.assign(graph.nodes.size(), 0);
    assigned_.assign(graph.values.size(), 0);
    lastUse_.resize(graph.values.size());
    for (ValueId v = 0; v < std::ssize(graph.values); ++v)
      for (const int reader : consumers_[v]) lastUse_[v] = lastOf(order_, lastUse_[v], {reader});
    for (ValueId out : graph.outputs) lastUse_[out] = {static_cast<int>(graph.nodes.size())};
  }

  StoragePlan run() {
    for (size_t v = 0; v < graph_.values.size(); ++v)
      if (graph_.values[v].isConstant()) placeConstant(static_cast<ValueId>(v));
    for (size_t n = graph_.nodes.size(); n-- > 0;) mergeConcat(graph_.nodes[n]);
    for (ValueId in : graph_.inputs)
      if (!assigned_[in]) placeNew(in);
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      placeOutputs(static_cast<int>(n));
      if (chainOf_[n] >= 0) noteReads(static_cast<int>(n));
    }
    return std::move(plan_);
  }

 private:
  Strides ownStrides(ValueId id) const {
    return stridesIn(graph_.values[id].order, types_[id].shape);
  }

  void placeConstant(ValueId id) {
    plan_.places[id] = {-1, id, {ownStrides(id), 0}};
    assigned_[id] = 1;
  }

  void placeNew(ValueId id) {
    const size_t bytes =
        static_cast<size_t>(types_[id].shape.elements()) * elementSize(types_[id].type);
    plan_.bufferBytes.push_back(bytes);
    bufferLast_.push_back(lastUse_[id]);
    readsOf_.emplace_back();
    const int buffer = static_cast<int>(plan_.bufferBytes.size()) - 1;
    plan_.guests.addBuffer();
    plan_.guests.add(buffer, id);
    plan_.places[id] = {buffer, kNoValue, {ownStrides(id), 0}};
    assigned_[id] = 1;
  }

  void placeAs(ValueId id, const Place& host, const ops::Storage& storage) {
    plan_.places[id] = host;
    plan_.places[id].storage = storage;
    assigned_[id] = 1;
    if (host.buffer < 0) return;
    bufferLast_[host.buffer] = lastOf(order_, bufferLast_[host.buffer], lastUse_[id]);
    plan_.guests.add(host.buffer, id);
  }

  // Concatenations: an input that nobody else has placed is written where the result wants it. Done
  // from the last concatenation to the first, so that a concatenation inside another finds its own
  // result already placed.
  void mergeConcat(const ir::Node& node) {
    const ValueId out = node.outputs[0];
    if (out == kNoValue || dataSizes_.concerns(node)) return;
    const auto axis = node.op->joinsAlong(types_[out].shape);
    if (!axis || !mergeable(node, *axis)) return;
    if (!assigned_[out]) placeNew(out);
    const Place host = plan_.places[out];
    const std::vector<ValueId> once = readOnce(node);
    int64_t start = 0;
    for (ValueId in : node.inputs) {
      ops::Storage storage = host.storage;
      storage.offset += start * host.storage.strides[*axis];
      start += types_[in].shape[*axis];
      if (freshlyComputed(in) && std::ranges::binary_search(once, in)) placeAs(in, host, storage);
    }
  }

  /// The inputs that the node has once alone, sorted.
  static std::vector<ValueId> readOnce(const ir::Node& node) {
    std::vector<ValueId> sorted = node.inputs, once;
    std::ranges::sort(sorted);
    for (size_t i = 0; i < sorted.size(); ++i) {
      const bool before = i > 0 && sorted[i - 1] == sorted[i];
      const bool after = i + 1 < sorted.size() && sorted[i + 1] == sorted[i];
      if (!before && !after) once.push_back(sorted[i]);
    }
    return once;
  }

  // Kernels write rows and pixels with gaps, but not elements: the concatenated axis must be the
  // channels of channels-last storage or have only axes of extent 1 before it in plain storage.
  bool mergeable(const ir::Node& node, int axis) const {
    const ValueId out = node.outputs[0];
    const Shape& shape = types_[out].shape;
    if (graph_.values[out].order == ops::StorageOrder::ChannelsLast && shape.rank() >= 3)
      return axis == 1 && std::ranges::all_of(node.inputs, [&](ValueId in) {
               return graph_.values[in].order == ops::StorageOrder::ChannelsLast;
             });
    for (int i = 0; i < axis; ++i)
      if (shape[i] != 1) return false;
    return std::ranges::all_of(node.inputs, [&](ValueId in) {
      return graph_.values[in].order == ops::StorageOrder::Plain;
    });
  }

  bool freshlyComputed(ValueId id) const {
    if (assigned_[id] || producers_[id] < 0) return false;
    const ir::Node& producer = graph_.nodes[producers_[id]];
    if (producer.inputs.empty() || producer.inputs[0] == kNoValue) return true;
    const ValueId source = producer.inputs[0];
    return !producer.op->viewOf(types_[source].shape, {ownStrides(source), 0}, 0).has_value();
  }

  void placeOutputs(int n) {
    const ir::Node& node = graph_.nodes[n];
    const bool shares = !dataSizes_.concerns(node);
    bool allViews = shares;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId out = node.outputs[i];
      if (out == kNoValue) continue;
      if (!shares && !assigned_[out]) placeNew(out);
      if (!shares) continue;
      if (!assigned_[out] && placeAsView(node, out, static_cast<int>(i))) continue;
      allViews = false;
      if (!assigned_[out] && !(i == 0 && placeInPlace(n, out))) placeNew(out);
    }
    plan_.isView[n] = allViews || (shares && concatIsDone(node));
  }

  bool placeAsView(const ir::Node& node, ValueId out, int index) {
    if (node.inputs.empty() || node.inputs[0] == kNoValue) return false;
    const ValueId source = node.inputs[0];
    if (graph_.values[source].packing != Packing::None || types_[source].type != types_[out].type)
      return false;
    const auto storage = node.op->viewOf(types_[source].shape, plan_.places[source].storage, index);
    if (storage) placeAs(out, plan_.places[source], *storage);
    return storage.has_value();
  }

  // In a chain, what was there before it comes first: a feature map between its layers shrinks to
  // a strip of its own anyway.
  bool placeInPlace(int n, ValueId out) {
    const ChainSchedule* chain = chainOf(n);
    const ir::Node& node = graph_.nodes[n];
    for (const bool fromOutside : {true, false})
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const ValueId in = node.inputs[i];
        if (in == kNoValue || !node.op->mayRunInPlace(static_cast<int>(i))) continue;
        const bool outside = !chain || producers_[in] < chain->first;
        if (outside != fromOutside || !mayOverwrite(n, i, out, chain)) continue;
        placeAs(out, plan_.places[in], plan_.places[in].storage);
        return true;
      }
    return false;
  }

  bool mayOverwrite(int n, size_t index, ValueId out, const ChainSchedule* chain) const {
    const ir::Node& node = graph_.nodes[n];
    const ValueId in = node.inputs[index];
    const Place& place = plan_.places[in];
    if (place.buffer < 0 || !readsLast(n, place.buffer) || types_[in] != types_[out]) return false;
    if (place.storage.strides != ownStrides(out) || sharedByOtherInput(node, index)) return false;
    return !chain || (!readInLaterStrips(n, place) && staysInBands(*chain, place.buffer, out));
  }

  /// True if all other steps that read anything in the buffer have run when n does.
  bool readsLast(int n, int buffer) const {
    return bufferLast_[buffer].step <= n && bufferLast_[buffer].inEveryRun;
  }

  /// Bands have a line buffer each for what lies in a chain alone. In a buffer that they share, no
  /// band may write what another one reads or writes.
  bool staysInBands(const ChainSchedule& chain, int buffer, ValueId out) const {
    if (chain.band.count == 1) return true;
    bool inside = staysInside(chain, out), apart = true;
    for (const ValueId id : plan_.guests[buffer]) {
      if (!chain.contains(producers_[id])) return false;
      inside = inside && staysInside(chain, id);
      apart = apart && rowsAreApart(chains_, chainOf_[chain.first], producers_[id]);
    }
    return inside || apart;
  }

  bool staysInside(const ChainSchedule& chain, ValueId id) const {
    const std::span<const int> readers = consumers_[id];
    return lastUse_[id].step <= chain.last && (readers.empty() || readers.front() >= chain.first);
  }

  const ChainSchedule* chainOf(int n) const {
    return chainOf_[n] < 0 ? nullptr : &chains_[chainOf_[n]];
  }

  /// How the nodes of one chain, up to now, read a buffer: kept, because asking each of them for
  /// every node would take the square of a chain's length.
  struct ChainReads {
    int chain = -1;
    bool alike = true;            ///< all by rows of one stride, from the same row on
    int64_t rowStride = 0;        ///< in elements
    int64_t firstRow = 0;         ///< where their values' rows begin in the buffer
    std::vector<int32_t> lowest;  ///< by band and strip: the first row that it or a later one reads
  };

  void noteReads(int n) {
    for (size_t i = 0; i < graph_.nodes[n].inputs.size(); ++i) {
      const ValueId id = graph_.nodes[n].inputs[i];
      if (id == kNoValue || plan_.places[id].buffer < 0) continue;
      noteRead(readsOf_[plan_.places[id].buffer], plan_.places[id], n, i);
    }
  }

  void noteRead(ChainReads& known, const Place& place, int n, size_t input) const {
    const int chain = chainOf_[n], axis = chains_[chain].readsOf(n)[input].axis;
    const int64_t stride = axis < 0 ? 0 : place.storage.strides[axis];
    const int64_t row = stride <= 0 ? 0 : place.storage.offset / stride;
    if (known.chain != chain) known = {chain, stride > 0, stride, row, {}};
    known.alike = known.alike && stride == known.rowStride && row == known.firstRow;
    size_t at = 0;
    for (int band = 0; band < chains_[chain].band.count; ++band)
      for (const int32_t first : chains_[chain + band].readsOf(n)[input].first) {
        if (at == known.lowest.size()) known.lowest.push_back(first);
        known.lowest[at] = std::min(known.lowest[at], first);
        ++at;
      }
  }

  // True if another node of the chain, run before n in a strip, reads rows of the buffer after n
  // has overwritten them.
  bool readInLaterStrips(int n, const Place& place) const {
    const ChainReads& known = readsOf_[place.buffer];
    const int chain = chainOf_[n];
    if (known.chain != chain) return false;
    const int axis = chains_[chain].axis(n);
    const int64_t rowStride = axis < 0 ? 0 : place.storage.strides[axis];
    if (!known.alike || rowStride != known.rowStride) return true;
    if (place.storage.offset / rowStride != known.firstRow) return true;
    size_t at = 0;  // a band's first strip in known.lowest
    for (int band = 0; band < chains_[chain].band.count; ++band) {
      const ChainSchedule& course = chains_[chain + band];
      for (int strip = 0; strip + 1 < course.strips; ++strip)
        if (known.lowest[at + static_cast<size_t>(strip) + 1] < course.end(n, strip)) return true;
      at += static_cast<size_t>(course.strips);
    }
    return false;
  }

  bool sharedByOtherInput(const ir::Node& node, size_t index) const {
    const Place& mine = plan_.places[node.inputs[index]];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (i == index || node.inputs[i] == kNoValue) continue;
      const Place& other = plan_.places[node.inputs[i]];
      const bool same = other.storage.strides == mine.storage.strides &&
                        other.storage.offset == mine.storage.offset &&
                        types_[node.inputs[i]].shape == types_[node.inputs[index]].shape;
      if (other.buffer == mine.buffer && !same) return true;
    }
    return false;
  }

  bool concatIsDone(const ir::Node& node) const {
    const std::vector<char> joined = joinedInputs(node, types_, plan_.places);
    return !joined.empty() && std::ranges::find(joined, 0) == joined.end();
  }

  const ir::Graph& graph_;
  const std::vector<TensorType>& types_;
  const std::vector<ChainSchedule>& chains_;
  const std::vector<int>& chainOf_;
  const Order& order_;
  const ir::DataSizes& dataSizes_;
  const Readers& consumers_;
  const std::vector<int>& producers_;
  std::vector<LastStep> lastUse_;     // by value
  std::vector<LastStep> bufferLast_;  // last step that reads anything in the buffer
  std::vector<ChainReads> readsOf_;   // by buffer
  std::vector<char> assigned_;
  StoragePlan plan_;
};

}  // namespace

std::vector<char> joinedInputs(const ir::Node& node, std::span<const TensorType> types,
                               std::span<const Place> places) {
  const ValueId out = node.outputs[0];
  const auto axis = out == kNoValue ? std::nullopt : node.op->joinsAlong(types[out].shape);
  std::vector<char> joined;
  if (!axis) return joined;
  const Place& host = places[out];
  int64_t start = 0;
  for (const ValueId in : node.inputs) {
    const Place& place = places[in];
    joined.push_back(place.buffer == host.buffer && place.buffer >= 0 &&
                     place.storage.offset ==
                         host.storage.offset + start * host.storage.strides[*axis] &&
                     place.storage.strides == host.storage.strides);
    start += types[in].shape[*axis];
  }
  return joined;
}

StoragePlan assignStorage(const ir::Graph& graph, const std::vector<TensorType>& types,
                          const Uses& uses, const std::vector<ChainSchedule>& chains,
                          const std::vector<int>& chainOf, const Order& order) {
  return Assignment(graph, types, uses, chains, chainOf, order).run();
}

}  // namespace minnow::planning
