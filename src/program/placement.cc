// The cheapest placement is a minimum cut: between a device and the process's own memory. Of several
// devices each has a cut of its own, of what those before it left.
#include "program/placement.h"

#include <algorithm>
#include <map>

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
  using Wanted = std::span<const std::span<const backend::Backend* const>>;
  Placer(const ir::Graph& graph, std::span<const TensorType> types,
         std::span<const backend::Backend* const> list, const ir::DataSizes& sizes, Wanted wanted,
         bool inHalves)
      : graph_(graph),
        types_(types),
        devices_(list.first(devicesIn(list))),
        hosts_(list.subspan(devices_.size())),
        sizes_(sizes),
        wanted_(wanted),
        inHalves_(inHalves),
        producers_(graph.producers()),
        readers_(graph.consumers()),
        placed_(graph.nodes.size()) {}

  Placement run() {
    placement_.refusals.resize(graph_.nodes.size());
    for (size_t choice = 0; choice < devices_.size(); ++choice)
      for (const backend::Backend* device : devices_) placeOn(*device, choice);
    const bool any = std::ranges::any_of(placed_, [](auto* device) { return device != nullptr; });
    return any ? build() : std::move(placement_);
  }

 private:
  bool wants(size_t n, const backend::Backend& device, size_t choice) const {
    return choice < wanted_[n].size() && wanted_[n][choice] == &device;
  }

  /// What has it as its first, second, … choice and is nowhere yet; what is there stays.
  void placeOn(const backend::Backend& device, size_t choice) {
    device_ = &device;
    cut_ = {};
    nodes_.clear();
    std::vector<size_t> free;
    for (size_t n = 0; n < placed_.size(); ++n) {
      nodes_.push_back(cut_.addNode());
      if (placed_[n] == nullptr && wants(n, device, choice))
        free.push_back(n);
      else if (placed_[n] == &device)
        cut_.addEdge(MinCut::kSource, nodes_[n], MinCut::kNever);
      else
        cut_.addEdge(nodes_[n], MinCut::kSink, MinCut::kNever);
    }
    std::vector<char> supported;
    for (const size_t n : free) supported.push_back(enter(n));
    if (std::ranges::find(supported, true) == supported.end()) return;
    for (size_t v = 0; v < graph_.values.size(); ++v) enterValue(static_cast<ValueId>(v));
    const std::vector<char> sides = cut_.run();
    for (size_t i = 0; i < free.size(); ++i) {
      if (sides[nodes_[free[i]]])
        placed_[free[i]] = &device;
      else if (supported[i])
        refuse(free[i],
               "to take its tensors there and back would last longer than to compute it here, by "
               "estimate");
    }
  }

  void refuse(size_t n, std::string_view why) {
    std::string& refusal = placement_.refusals[n];
    refusal += text(refusal.empty() ? "" : "; ", device_->name(), ": ", why);
  }

  /// As its cut node: the costs of both sides. True if the device would compute it.
  bool enter(size_t n) {
    const ir::Node& node = graph_.nodes[n];
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
    return enter(work(there), work(views), n);
  }

  bool enter(const backend::Work& work, const backend::Work& here, size_t n) {
    const bool isFree =
        work.inputs[0] &&
        work.op.viewOf(work.inputs[0].shape, {work.inputs[0].strides, 0}, 0).has_value();
    const auto ok = supports(work);
    if (!ok) {
      refuse(n, ok.error().message);
      cut_.addEdge(nodes_[n], MinCut::kSink, MinCut::kNever);
      return false;
    }
    if (isFree) return false;
    cut_.addEdge(nodes_[n], MinCut::kSink, device_->cost(work));
    cut_.addEdge(MinCut::kSource, nodes_[n], hostCost(here));
    return true;
  }

  Result<void> supports(const backend::Work& work) const {
    if (work.sizedByData) return fail(ErrorCode::Unsupported, "data decide sizes here");
    return device_->supports(work);
  }

  double hostCost(const backend::Work& work) const {
    double least = MinCut::kNever;
    for (const backend::Backend* host : hosts_)
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
        device_->memory()->crossingCost(static_cast<size_t>(types_[id].shape.elements()) *
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
  std::vector<int> readersOf(ValueId id) const {
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
    for (size_t n = 0; n < nodes.size(); ++n) {
      const backend::Backend* device = placed_[n];
      for (ValueId& id : nodes[n].inputs) id = cross(id, device);
      append(std::move(nodes[n]), device ? Side::Device : Side::Host, device,
             std::move(refusals[n]));
    }
    for (ValueId& id : graph.outputs) id = cross(id, nullptr);
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

  void append(ir::Node node, Side side, const backend::Backend* device, std::string refusal) {
    built_->nodes.push_back(std::move(node));
    placement_.sides.push_back(side);
    placement_.devices.push_back(device);
    placement_.refusals.push_back(std::move(refusal));
  }

  /// The device that has a value, null for the process's memory.
  const backend::Backend* whereIs(ValueId id) const {
    return producers_[id] >= 0 ? placed_[producers_[id]] : nullptr;
  }

  /// The value, or its copy there. From one device to another it goes by way of the process's memory.
  ValueId cross(ValueId id, const backend::Backend* to) {
    if (id == kNoValue || graph_.values[id].isConstant() || whereIs(id) == to) return id;
    const auto known = copies_.find({id, to});
    if (known != copies_.end()) return known->second;
    const backend::Backend* from = whereIs(id);
    const ValueId read = from && to ? cross(id, nullptr) : id;
    ir::Graph& graph = *built_;
    auto op = std::make_unique<ops::Relayout>();
    op->order = graph.values[id].order;
    op->crosses = true;
    const std::string name = text(graph.values[id].name, "#", (to ? to : hosts_[0])->name());
    const ValueId copy =
        graph.addValue({.name = name, .type = types_[id], .order = graph.values[id].order});
    placement_.types.push_back(types_[id]);
    placement_.crossed.push_back(id);
    append({name, std::move(op), {read}, {copy}}, to ? Side::Entering : Side::Leaving,
           to ? to : from, {});
    return copies_[{id, to}] = copy;
  }

  const ir::Graph& graph_;
  std::span<const TensorType> types_;
  std::span<const backend::Backend* const> devices_, hosts_;
  const ir::DataSizes& sizes_;
  Wanted wanted_;
  bool inHalves_;
  std::vector<int> producers_;                // by value
  std::vector<std::vector<int>> readers_;     // by value
  Backends placed_;                           // by node
  const backend::Backend* device_ = nullptr;  // that is being filled
  MinCut cut_;                                // the source's side is the device
  std::vector<int> nodes_;                    // of the cut, by node
  std::map<std::pair<ValueId, const backend::Backend*>, ValueId> copies_;
  std::shared_ptr<ir::Graph> built_;
  Placement placement_;
};

}  // namespace

size_t devicesIn(std::span<const backend::Backend* const> list) {
  const auto isHost = [](const backend::Backend* one) { return one->memory() == nullptr; };
  const auto host = std::ranges::find_if(list, isHost);
  return host == list.end() ? 0 : static_cast<size_t>(host - list.begin());
}

Placement place(const ir::Graph& graph, std::span<const TensorType> types,
                std::span<const backend::Backend* const> list, const ir::DataSizes& sizes,
                std::span<const std::span<const backend::Backend* const>> wanted, bool inHalves) {
  return Placer(graph, types, list, sizes, wanted, inHalves).run();
}

}  // namespace minnow::program
