// The cheapest placement is a minimum cut: between a device and the process's own memory.
#include "program/placement.h"

#include <algorithm>

#include "base/fail.h"
#include "ir/data_sizes.h"
#include "ops/relayout.h"
#include "program/min_cut.h"

namespace minnow::program {
namespace {

using ir::kNoValue;
using ir::ValueId;

class Placer {
 public:
  Placer(const ir::Graph& graph, std::span<const TensorType> types,
         std::span<const backend::Backend* const> list, const ir::DataSizes& sizes,
         std::span<const char> barred, bool inHalves)
      : graph_(graph),
        types_(types),
        list_(list),
        sizes_(sizes),
        barred_(barred),
        inHalves_(inHalves),
        producers_(graph.producers()) {}

  Placement run() {
    placement_.refusals.resize(graph_.nodes.size());
    std::vector<char> supported;
    for (const ir::Node& node : graph_.nodes) supported.push_back(enter(node));
    for (size_t v = 0; v < graph_.values.size(); ++v) enterValue(static_cast<ValueId>(v));
    const std::vector<char> sides = cut_.run();
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      onDevice_.push_back(sides[nodes_[n]]);
      if (supported[n] && !sides[nodes_[n]])
        placement_.refusals[n] = text(list_[0]->name(),
                                      ": to take its tensors there and back would last longer than "
                                      "to compute it here, by estimate");
    }
    if (std::ranges::find(onDevice_, true) == onDevice_.end()) return std::move(placement_);
    return build();
  }

 private:
  /// As its cut node: the costs of both sides. True if the device would compute it.
  bool enter(const ir::Node& node) {
    nodes_.push_back(cut_.addNode());
    if (!barred_.empty() && barred_[nodes_.size() - 1]) {
      cut_.addEdge(nodes_.back(), MinCut::kSink, MinCut::kNever);
      return false;
    }
    std::vector<TensorView> views;
    std::vector<TensorType> types;
    for (const auto* ids : {&node.inputs, &node.outputs})
      for (const ValueId id : *ids) {
        views.push_back(viewOf(id));
        types.push_back({views.back().type, views.back().shape});
      }
    std::vector<TensorView> there = views;
    for (TensorView& view : there)
      if (view.data == nullptr) view.type = storedThere(view.type);
    const size_t in = node.inputs.size();
    const auto work = [&](std::span<const TensorView> all) {
      return backend::Work{*node.op,
                           all.first(in),
                           all.subspan(in),
                           std::span(types).first(in),
                           std::span(types).subspan(in),
                           {1},
                           sizes_.concerns(node)};
    };
    return enter(work(there), work(views), nodes_.back());
  }

  bool enter(const backend::Work& work, const backend::Work& here, int node) {
    const bool isFree =
        work.inputs[0] &&
        work.op.viewOf(work.inputs[0].shape, {work.inputs[0].strides, 0}, 0).has_value();
    const auto ok = supports(work);
    if (!ok) {
      placement_.refusals[nodes_.size() - 1] = text(list_[0]->name(), ": ", ok.error().message);
      cut_.addEdge(node, MinCut::kSink, MinCut::kNever);
      return false;
    }
    if (isFree) return false;
    cut_.addEdge(node, MinCut::kSink, list_[0]->cost(work));
    cut_.addEdge(MinCut::kSource, node, hostCost(here));
    return true;
  }

  Result<void> supports(const backend::Work& work) const {
    if (work.sizedByData) return fail(ErrorCode::Unsupported, "data decide sizes here");
    return list_[0]->supports(work);
  }

  double hostCost(const backend::Work& work) const {
    double least = MinCut::kNever;
    for (const backend::Backend* host : list_.subspan(1))
      if (host->supports(work)) least = std::min(least, host->cost(work));
    return least;
  }

  /// How the device's memory holds elements of a type.
  DataType storedThere(DataType type) const {
    return inHalves_ && type == DataType::Float32 ? DataType::Float16 : type;
  }

  TensorView viewOf(ValueId id) const {
    if (id == kNoValue) return {};
    const ir::Value& value = graph_.values[id];
    TensorView view = value.view();
    view.type = types_[id].type, view.shape = types_[id].shape;
    view.strides = ops::stridesIn(value.order, view.shape);
    return view;
  }

  /// It crosses once each way, whoever reads it: a node of the cut stands for its copy.
  void enterValue(ValueId id) {
    if (graph_.values[id].isConstant()) return;
    const int producer = producers_[id] < 0 ? MinCut::kSink : nodes_[producers_[id]];
    const double cost =
        list_[0]->memory()->crossingCost(static_cast<size_t>(types_[id].shape.elements()) *
                                         elementSize(storedThere(types_[id].type)));
    const int down = cut_.addNode(), up = cut_.addNode();
    cut_.addEdge(producer, down, cost);
    cut_.addEdge(up, producer, cost);
    for (const int reader : readersOf(id)) {
      cut_.addEdge(down, reader, MinCut::kNever);
      cut_.addEdge(reader, up, MinCut::kNever);
    }
  }

  /// As nodes of the cut.
  std::vector<int> readersOf(ValueId id) {
    if (readers_.empty()) readers_ = graph_.consumers();
    std::vector<int> readers;
    for (const int n : readers_[id]) readers.push_back(nodes_[n]);
    if (graph_.isOutput(id)) readers.push_back(MinCut::kSink);
    return readers;
  }

  // The graph with crossings ----------------------------------------------------------------------

  Placement build() {
    built_ = std::make_shared<ir::Graph>(graph_.clone());
    placement_.graph = built_;
    placement_.types.assign(types_.begin(), types_.end());
    ir::Graph& graph = *built_;
    graph.chains.clear();
    std::vector<ir::Node> nodes = std::exchange(graph.nodes, {});
    std::vector<std::string> refusals = std::exchange(placement_.refusals, {});
    copies_.assign(graph.values.size(), kNoValue);
    for (size_t n = 0; n < nodes.size(); ++n) {
      for (ValueId& id : nodes[n].inputs) id = cross(id, onDevice_[n]);
      append(std::move(nodes[n]), onDevice_[n] ? Side::Device : Side::Host, std::move(refusals[n]));
    }
    for (ValueId& id : graph.outputs) id = cross(id, false);
    if (inHalves_) storeInHalves();
    return std::move(placement_);
  }

  void storeInHalves() {
    placement_.stored = placement_.types;
    for (size_t n = 0; n < built_->nodes.size(); ++n)
      if (placement_.sides[n] == Side::Device || placement_.sides[n] == Side::Entering)
        for (const ValueId id : built_->nodes[n].outputs)
          if (id != kNoValue) placement_.stored[id].type = storedThere(placement_.types[id].type);
  }

  void append(ir::Node node, Side side, std::string refusal) {
    built_->nodes.push_back(std::move(node));
    placement_.sides.push_back(side);
    placement_.refusals.push_back(std::move(refusal));
  }

  bool isOnDevice(ValueId id) const { return producers_[id] >= 0 && onDevice_[producers_[id]]; }

  /// The value, or its copy on the other side.
  ValueId cross(ValueId id, bool toDevice) {
    if (id == kNoValue || graph_.values[id].isConstant() || isOnDevice(id) == toDevice) return id;
    if (copies_[id] != kNoValue) return copies_[id];
    ir::Graph& graph = *built_;
    auto op = std::make_unique<ops::Relayout>();
    op->order = graph.values[id].order;
    op->crosses = true;
    const std::string name =
        text(graph.values[id].name, "#", toDevice ? list_[0]->name() : list_[1]->name());
    const ValueId copy =
        graph.addValue({.name = name, .type = types_[id], .order = graph.values[id].order});
    placement_.types.push_back(types_[id]);
    placement_.crossed.push_back(id);
    append({name, std::move(op), {id}, {copy}}, toDevice ? Side::Entering : Side::Leaving, {});
    return copies_[id] = copy;
  }

  const ir::Graph& graph_;
  std::span<const TensorType> types_;
  std::span<const backend::Backend* const> list_;
  const ir::DataSizes& sizes_;
  std::span<const char> barred_;
  bool inHalves_;
  std::vector<int> producers_;             // by value
  std::vector<std::vector<int>> readers_;  // by value
  MinCut cut_;                             // the source's side is the device
  std::vector<int> nodes_;                 // of the cut, by node
  std::vector<char> onDevice_;             // by node
  std::vector<ValueId> copies_;            // by value
  std::shared_ptr<ir::Graph> built_;
  Placement placement_;
};

}  // namespace

const backend::Backend* deviceOf(std::span<const backend::Backend* const> list) {
  return list.size() > 1 && list[0]->memory() != nullptr ? list[0] : nullptr;
}

Placement place(const ir::Graph& graph, std::span<const TensorType> types,
                std::span<const backend::Backend* const> list, const ir::DataSizes& sizes,
                std::span<const char> barred, bool inHalves) {
  return Placer(graph, types, list, sizes, barred, inHalves).run();
}

}  // namespace minnow::program
