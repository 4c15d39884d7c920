// assign-layout: feature maps lie channels-last, where lanes run over channels; the rest stays
// row-major. Walks the nodes in order, knowing how each value will arrive (through views too), and
// inserts a Relayout only where a kernel would otherwise get an order it is slow with. Without this
// pass everything is row-major: right, and slow.
#include <map>

#include "ops/relayout.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;
using ops::LayoutRole;
using ops::StorageOrder;

/// In which orders elements lie: in both, a tensor of one channel or of one pixel; in none, a
/// slice.
struct Lies {
  bool plain, channelsLast;

  Lies(const Shape& shape, const Strides& strides) {
    const TensorDesc tensor{DataType::Float32, shape, strides};
    plain = tensor.isPlain(), channelsLast = tensor.isChannelsLast();
  }
  bool inBoth() const { return plain && channelsLast; }
  bool onlyChannelsLast() const { return channelsLast && !plain; }
};

/// Values that a spatial operator reads, directly or through operators that keep the order.
std::vector<char> wantedChannelsLast(const ir::Graph& graph) {
  std::vector<char> wanted(graph.values.size(), 0);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const ir::Node& node = graph.nodes[n];
    const LayoutRole role = node.op->facts().layoutRole;
    if (role == LayoutRole::Other || node.outputs.empty() || node.outputs[0] == kNoValue) continue;
    const ValueId out = node.outputs[0];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue || graph.values[id].type.shape.rank() < 3) continue;
      if (role == LayoutRole::Spatial ? i == 0
                                      : wanted[out] && graph.values[id].type.shape.rank() ==
                                                           graph.values[out].type.shape.rank())
        wanted[id] = 1;
    }
  }
  return wanted;
}

class LayoutPass {
 public:
  explicit LayoutPass(ir::Graph& graph)
      : graph_(graph), wanted_(wantedChannelsLast(graph)), arrives_(graph.values.size()) {}

  int run() {
    for (size_t v = 0; v < graph_.values.size(); ++v)
      if (graph_.values[v].isConstant()) setOrder(static_cast<ValueId>(v), graph_.values[v].order);
    for (const ValueId id : graph_.inputs)
      setOrder(id, wanted_[id] ? StorageOrder::ChannelsLast : StorageOrder::Plain);
    std::vector<ir::Node> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (ir::Node& node : nodes) {
      if (!placeViews(node)) placeResults(node);
      graph_.nodes.push_back(std::move(node));
    }
    return changes_;
  }

 private:
  const Shape& shape(ValueId id) const { return graph_.values[id].type.shape; }
  Lies lies(ValueId id) const { return {shape(id), arrives_[id].strides}; }
  bool isConstant(ValueId id) const { return graph_.values[id].isConstant(); }

  void setOrder(ValueId id, StorageOrder order) {
    if (shape(id).rank() < 3) order = StorageOrder::Plain;
    changes_ += order == StorageOrder::ChannelsLast && !isConstant(id);
    graph_.values[id].order = order;
    arrives_[id] = {stridesIn(order, shape(id)), 0};
  }

  /// True if all results are views of input 0 as it arrives.
  bool placeViews(const ir::Node& node) {
    if (node.inputs.empty() || node.inputs[0] == kNoValue) return false;
    const ValueId source = node.inputs[0];
    std::vector<ops::Storage> views;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const auto view = node.op->viewOf(shape(source), arrives_[source], static_cast<int>(i));
      if (!view) return false;
      views.push_back(*view);
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId id = node.outputs[i];
      if (id == kNoValue) continue;
      arrives_[id] = views[i];
      graph_.values[id].order =
          lies(id).onlyChannelsLast() ? StorageOrder::ChannelsLast : StorageOrder::Plain;
    }
    return true;
  }

  void placeResults(ir::Node& node) {
    const LayoutRole role = node.op->facts().layoutRole;
    StorageOrder order = StorageOrder::Plain;
    if (role == LayoutRole::Spatial && shape(node.inputs[0]).rank() >= 3) {
      node.inputs[0] = channelsLast(node.inputs[0]);
      order = StorageOrder::ChannelsLast;
    } else if (role == LayoutRole::Follow || role == LayoutRole::Join) {
      order = followed(node);
      if (role == LayoutRole::Follow && order == StorageOrder::ChannelsLast) alignInputs(node);
    } else if (movesIntoWanted(node)) {
      order = StorageOrder::ChannelsLast;
    }
    for (const ValueId id : node.outputs)
      if (id != kNoValue) setOrder(id, order);
  }

  /// Row-major results are copied once more where channels-last is wanted.
  bool movesIntoWanted(const ir::Node& node) const {
    if (node.inputs.empty() || node.inputs[0] == kNoValue || node.outputs[0] == kNoValue)
      return false;
    const ValueId in = node.inputs[0], out = node.outputs[0];
    return wanted_[out] && node.op->movesInto(StorageOrder::ChannelsLast, shape(in), shape(out));
  }

  /// An input that decides the order of the result: as large as it (or, joined, a part of it).
  bool decides(const ir::Node& node, ValueId id) const {
    if (id == kNoValue || isConstant(id)) return false;
    const Shape& out = shape(node.outputs[0]);
    return shape(id).rank() == out.rank() &&
           (node.op->facts().layoutRole == LayoutRole::Join || node.inputs.size() == 1 ||
            shape(id).elements() == out.elements());
  }

  StorageOrder followed(const ir::Node& node) const {
    if (node.outputs[0] == kNoValue || shape(node.outputs[0]).rank() < 3)
      return StorageOrder::Plain;
    bool anyPlain = false;
    for (const ValueId id : node.inputs) {
      if (!decides(node, id)) continue;
      if (lies(id).onlyChannelsLast()) return StorageOrder::ChannelsLast;
      anyPlain |= !lies(id).inBoth();
    }
    return !anyPlain && wanted_[node.outputs[0]] ? StorageOrder::ChannelsLast : StorageOrder::Plain;
  }

  void alignInputs(ir::Node& node) {
    const int rank = shape(node.outputs[0]).rank();
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      ValueId& id = node.inputs[i];
      if (id == kNoValue || shape(id).rank() < 2) continue;
      if (isConstant(id))
        id = alignedConstant(id, rank);
      else if (shape(id).rank() == rank)
        id = channelsLast(id);
    }
  }

  /// The value in channels-last order: itself, or a copy made by a Relayout before the node at
  /// hand.
  ValueId channelsLast(ValueId id) {
    if (lies(id).channelsLast) return id;
    if (isConstant(id)) return alignedConstant(id, shape(id).rank());
    const std::pair key{id, shape(id).rank()};
    if (const auto known = copies_.find(key); known != copies_.end()) return known->second;
    auto op = std::make_unique<ops::Relayout>();
    op->order = StorageOrder::ChannelsLast;
    const ir::Value& value = graph_.values[id];
    const ValueId copy =
        addValue({"~" + value.name + ".nhwc", value.type, StorageOrder::ChannelsLast});
    ++changes_;
    graph_.nodes.push_back({"~relayout." + graph_.values[id].name, std::move(op), {id}, {copy}});
    return copies_[key] = copy;
  }

  /// A constant with its pixels in channels-last order, of that rank: axes of extent 1 are put
  /// before its own.
  ValueId alignedConstant(ValueId id, int rank) {
    const ir::Value& value = graph_.values[id];
    if (!value.isPlain() || value.type.shape.rank() > rank) return id;
    Shape aligned = Shape::ofRank(rank - value.type.shape.rank());
    for (const int64_t extent : value.type.shape.dims()) aligned.push_back(extent);
    if (Lies(aligned, plainStrides(aligned)).inBoth()) return id;
    const std::pair key{id, rank};
    if (const auto known = copies_.find(key); known != copies_.end()) return known->second;
    TensorView from = value.view(), to = from;
    from.shape = to.shape = aligned;
    from.strides = plainStrides(aligned);
    to.strides = channelsLastStrides(aligned);
    std::vector<std::byte> bytes(value.constant->bytes.size());
    to.data = bytes.data();
    copyTensor(from, to);
    const TensorType type{value.type.type, aligned};
    return copies_[key] = addValue({.name = value.name,
                                    .type = type,
                                    .order = StorageOrder::ChannelsLast,
                                    .quantisation = wholeTensors(id),
                                    .size = value.size,
                                    .constant = ir::makeConstant(bytes)});
  }

  /// Of one scale: axes are counted anew.
  uint16_t wholeTensors(ValueId id) const {
    return graph_.quantisationOf(id).axis < 0 ? graph_.values[id].quantisation : uint16_t{0};
  }

  ValueId addValue(ir::Value value) {
    arrives_.push_back({stridesIn(value.order, value.type.shape), 0});
    wanted_.push_back(0);
    return graph_.addValue(std::move(value));
  }

  ir::Graph& graph_;
  std::vector<char> wanted_;
  std::vector<ops::Storage> arrives_;
  std::map<std::pair<ValueId, int>, ValueId> copies_;  ///< by value and rank
  int changes_ = 0;
};

}  // namespace

Result<int> assignLayout(ir::Graph& graph, sizes::Budget&) { return LayoutPass(graph).run(); }

}  // namespace minnow::passes
