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
using ir::Layout;
using ir::ValueId;

/// What an operator kind has to do with the order of its tensors; kinds not listed take any and
/// give row-major.
enum class Role {
  Spatial,  ///< wants channels-last as input 0, gives it
  Follow,   ///< gives the order it gets; its inputs should have one order
  Join,     ///< gives channels-last if any input has it, copies from any order
  Other,
};

Role roleOf(const ir::Node& node) {
  static constexpr std::pair<std::string_view, Role> kRoles[] = {
      {"BatchNormalization", Role::Spatial},
      {"Conv", Role::Spatial},
      {"ConvTranspose", Role::Spatial},
      {"DepthToSpace", Role::Spatial},
      {"GridSample", Role::Spatial},
      {"GroupNormalization", Role::Spatial},
      {"Lrn", Role::Spatial},
      {"MaxUnpool", Role::Spatial},
      {"Pool", Role::Spatial},
      {"Resize", Role::Spatial},
      {"SpaceToDepth", Role::Spatial},
      {"Binary", Role::Follow},
      {"Cast", Role::Follow},
      {"Expand", Role::Follow},
      {"LpNormalization", Role::Follow},
      {"Pad", Role::Follow},
      {"Slice", Role::Follow},
      {"Softmax", Role::Follow},
      {"Split", Role::Follow},
      {"Tile", Role::Follow},
      {"Unary", Role::Follow},
      {"Where", Role::Follow},
      {"Concat", Role::Join},
  };
  const std::string_view kind = ops::opKindName(node.op->kind());
  for (const auto& [name, role] : kRoles)
    if (name == kind) return role;
  return Role::Other;
}

/// How elements lie. Both: a tensor of one channel, or of one pixel.
enum class Order { Plain, ChannelsLast, Both, Neither };

Order orderOf(const Shape& shape, const ops::Storage& storage) {
  const TensorView view{DataType::Float32, shape, storage.strides, nullptr};
  const bool plain = view.isPlain(), last = view.isChannelsLast();
  if (plain && last) return Order::Both;
  return plain ? Order::Plain : last ? Order::ChannelsLast : Order::Neither;
}

ops::Storage ownStorage(const Shape& shape, Layout layout) {
  return {layout == Layout::ChannelsLast ? channelsLastStrides(shape) : plainStrides(shape), 0};
}

/// Values that a spatial operator reads, directly or through operators that keep the order.
std::vector<char> wantedChannelsLast(const ir::Graph& graph) {
  std::vector<char> wanted(graph.values.size(), 0);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const ir::Node& node = graph.nodes[n];
    const Role role = roleOf(node);
    if (role == Role::Other || node.outputs.empty() || node.outputs[0] == kNoValue) continue;
    const ValueId out = node.outputs[0];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue || graph.values[id].type.shape.rank() < 3) continue;
      if (role == Role::Spatial ? i == 0
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
      if (graph_.values[v].isConstant())
        setLayout(static_cast<ValueId>(v), graph_.values[v].layout);
    for (const ValueId id : graph_.inputs)
      setLayout(id, wanted_[id] ? Layout::ChannelsLast : Layout::Plain);
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
  Order order(ValueId id) const { return orderOf(shape(id), arrives_[id]); }
  bool isConstant(ValueId id) const { return graph_.values[id].isConstant(); }

  void setLayout(ValueId id, Layout layout) {
    if (shape(id).rank() < 3 && layout == Layout::ChannelsLast) layout = Layout::Plain;
    changes_ += layout == Layout::ChannelsLast && !isConstant(id);
    graph_.values[id].layout = layout;
    arrives_[id] = ownStorage(shape(id), layout);
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
      const bool last = order(id) == Order::ChannelsLast;
      graph_.values[id].layout = last ? Layout::ChannelsLast : Layout::Plain;
    }
    return true;
  }

  void placeResults(ir::Node& node) {
    const Role role = roleOf(node);
    Layout layout = Layout::Plain;
    if (role == Role::Spatial && shape(node.inputs[0]).rank() >= 3) {
      node.inputs[0] = channelsLast(node.inputs[0]);
      layout = Layout::ChannelsLast;
    } else if (role == Role::Follow || role == Role::Join) {
      layout = followed(node);
      if (role == Role::Follow && layout == Layout::ChannelsLast) alignInputs(node);
    }
    for (const ValueId id : node.outputs)
      if (id != kNoValue) setLayout(id, layout);
  }

  /// An input that decides the order of the result: as large as it (or, joined, a part of it).
  bool decides(const ir::Node& node, ValueId id) const {
    if (id == kNoValue || isConstant(id)) return false;
    const Shape& out = shape(node.outputs[0]);
    return shape(id).rank() == out.rank() &&
           (roleOf(node) == Role::Join || node.inputs.size() == 1 ||
            shape(id).elements() == out.elements());
  }

  Layout followed(const ir::Node& node) const {
    if (node.outputs[0] == kNoValue || shape(node.outputs[0]).rank() < 3) return Layout::Plain;
    bool anyPlain = false;
    for (const ValueId id : node.inputs) {
      if (!decides(node, id)) continue;
      if (order(id) == Order::ChannelsLast) return Layout::ChannelsLast;
      anyPlain |= order(id) != Order::Both;
    }
    return !anyPlain && wanted_[node.outputs[0]] ? Layout::ChannelsLast : Layout::Plain;
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
    if (order(id) == Order::ChannelsLast || order(id) == Order::Both) return id;
    if (isConstant(id)) return alignedConstant(id, shape(id).rank());
    const std::pair key{id, shape(id).rank()};
    if (const auto known = copies_.find(key); known != copies_.end()) return known->second;
    auto op = std::make_unique<ops::Relayout>();
    op->layout = ops::StorageOrder::ChannelsLast;
    const ir::Value& value = graph_.values[id];
    const ValueId copy = addValue({"~" + value.name + ".nhwc", value.type, Layout::ChannelsLast});
    ++changes_;
    graph_.nodes.push_back({"~relayout." + graph_.values[id].name, std::move(op), {id}, {copy}});
    return copies_[key] = copy;
  }

  /// A constant with its pixels in channels-last order, of that rank: axes of extent 1 are put
  /// before its own.
  ValueId alignedConstant(ValueId id, int rank) {
    const ir::Value& value = graph_.values[id];
    if (value.layout != Layout::Plain || value.type.shape.rank() > rank) return id;
    Shape aligned = Shape::ofRank(rank - value.type.shape.rank());
    for (const int64_t extent : value.type.shape.dims()) aligned.push_back(extent);
    if (orderOf(aligned, ownStorage(aligned, Layout::Plain)) == Order::Both) return id;
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
    return copies_[key] = addValue(
               {value.name, type, Layout::ChannelsLast, ir::makeConstant(bytes), value.size});
  }

  ValueId addValue(ir::Value value) {
    arrives_.push_back(ownStorage(value.type.shape, value.layout));
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

Result<int> assignLayout(ir::Graph& graph, Budget&) { return LayoutPass(graph).run(); }

}  // namespace minnow::passes
