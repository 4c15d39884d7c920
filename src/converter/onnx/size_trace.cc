// From the list of all nodes back to those that sizes need.
#include "converter/onnx/size_trace.h"

#include <algorithm>

#include "base/fail.h"
#include "format/write.h"

namespace minnow::converter {

using ir::kNoValue;
using ir::ValueId;

bool SizeTrace::varies(ValueId id, const ir::Graph& graph) const {
  return id != kNoValue && (!graph.values[static_cast<size_t>(id)].isConstant() || follows(id));
}

void SizeTrace::note(ir::Node node, const ir::Graph& graph, Moment moment) {
  const auto isKnown = [&](ValueId id) {
    return id == kNoValue || follows(id) || graph.values[static_cast<size_t>(id)].isConstant();
  };
  const bool known = !node.op->facts().readsElements || std::ranges::all_of(node.inputs, isKnown);
  const bool follow = known && moment != Moment::Run &&
                      (!node.settings.empty() || std::ranges::any_of(node.inputs, [&](ValueId id) {
                        return node.op->facts().readsElements ? follows(id) : varies(id, graph);
                      }));
  if (node.op->facts().sizesFromData &&
      moment == Moment::Conversion) {  // as many elements as there are now
    for (const ValueId id : node.inputs)
      if (follows(id)) assume(id, node.name.str(), node.source.str());
    return;
  }
  if (follow && !node.op->facts().sizesFromData)
    for (const ValueId id : node.outputs)
      if (id != kNoValue) following_.insert(id);
  nodes_.push_back(std::move(node));
}

void SizeTrace::assume(ValueId id, const std::string& node, const std::string& op) {
  if (follows(id) && assumed_.insert(id).second) assumptions_.push_back({id, id, node, op});
}

namespace {

/// The size graph in the making: values are numbered as somebody wants them.
class SizeGraph {
 public:
  SizeGraph(const std::vector<ir::Node>& nodes, const ir::Graph& all)
      : nodes_(nodes),
        all_(all),
        needed_(all.values.size(), 0),
        elements_(needed_),
        numbers_(all.values.size(), kNoValue) {
    for (const ValueId id : all.inputs) addInput(id);
  }

  void want(ValueId id) {
    if (needed_[static_cast<size_t>(id)]) return;
    needed_[static_cast<size_t>(id)] = elements_[static_cast<size_t>(id)] = 1;
    wanted_.push_back(id);
  }

  ir::Graph take(const std::vector<ir::Assumption>& assumptions) {
    for (const ir::Assumption& one : assumptions) want(one.value);
    chooseNodes();
    for (size_t n = 0; n < nodes_.size(); ++n)
      if (chosen_[n]) addNode(nodes_[n]);
    for (const ValueId id : wanted_) {
      graph_.outputs.push_back(number(id));
      graph_.outputNames.push_back("");
    }
    for (const ir::Assumption& one : assumptions)
      graph_.assumptions.push_back({number(one.value), addConstant(one.value), one.node, one.op});
    return std::move(graph_);
  }
  ValueId number(ValueId id) const { return numbers_[static_cast<size_t>(id)]; }

 private:
  bool anyMarked(std::span<const ValueId> ids, const std::vector<char>& marks) const {
    return std::ranges::any_of(
        ids, [&](ValueId id) { return id != kNoValue && marks[static_cast<size_t>(id)]; });
  }

  void chooseNodes() {
    chosen_.assign(nodes_.size(), 0);
    for (size_t n = nodes_.size(); n-- > 0;) {
      const ir::Node& node = nodes_[n];
      if (!anyMarked(node.outputs, needed_)) continue;
      chosen_[n] = 1;
      const bool reads = node.op->facts().readsElements && anyMarked(node.outputs, elements_);
      for (const ValueId id : node.inputs) {
        if (id == kNoValue) continue;
        needed_[static_cast<size_t>(id)] = 1;
        if (reads) elements_[static_cast<size_t>(id)] = 1;
      }
      for (const ir::Setting& setting : node.settings)
        needed_[static_cast<size_t>(setting.size)] = elements_[static_cast<size_t>(setting.size)] =
            1;
    }
  }

  void addNode(const ir::Node& node) {
    ir::Node copy{node.name, node.op->clone(), {}, {}, {}, node.settings};
    for (const ValueId id : node.inputs) copy.inputs.push_back(operand(id));
    for (const ValueId id : node.outputs) copy.outputs.push_back(addValue(id));
    for (ir::Setting& setting : copy.settings) setting.size = operand(setting.size);
    graph_.nodes.push_back(std::move(copy));
  }

  /// What no node before has written is a constant of the model: of its type alone, or with its
  /// elements.
  ValueId operand(ValueId id) {
    if (id == kNoValue || number(id) != kNoValue) return id == kNoValue ? id : number(id);
    if (!elements_[static_cast<size_t>(id)]) return addInput(id);
    return numbers_[static_cast<size_t>(id)] = addConstant(id);
  }
  ValueId addInput(ValueId id) {
    graph_.inputs.push_back(addValue(id));
    return number(id);
  }
  ValueId addConstant(ValueId id) {
    const ir::Value& value = all_.values[static_cast<size_t>(id)];
    return graph_.addValue({.name = "", .type = value.type, .constant = value.constant});
  }
  ValueId addValue(ValueId id) {
    if (id == kNoValue) return id;
    return numbers_[static_cast<size_t>(id)] =
               graph_.addValue({"", all_.values[static_cast<size_t>(id)].type});
  }

  const std::vector<ir::Node>& nodes_;
  const ir::Graph& all_;
  std::vector<char> needed_, elements_, chosen_;
  std::vector<ValueId> numbers_, wanted_;
  ir::Graph graph_;
};

}  // namespace

Result<void> SizeTrace::finish(ir::Graph& graph) const {
  if (following_.empty()) return {};
  ir::Graph all;
  all.values = graph.values, all.inputs = graph.inputs;
  for (const ValueId id : following_) graph.values[static_cast<size_t>(id)].size = id;
  graph.removeDead();
  SizeGraph sizes(nodes_, all);
  for (const ir::Value& value : graph.values)
    if (value.size != kNoValue) sizes.want(value.size);
  for (const ir::Node& node : graph.nodes)
    for (const ir::Setting& setting : node.settings) sizes.want(setting.size);
  const ir::Graph made = sizes.take(assumptions_);
  if (made.outputs.empty()) return {};
  for (ir::Value& value : graph.values)
    if (value.size != kNoValue) value.size = sizes.number(value.size);
  for (ir::Node& node : graph.nodes)
    for (ir::Setting& setting : node.settings) setting.size = sizes.number(setting.size);
  const auto file = format::write(made);
  if (!file)
    return fail(ErrorCode::Internal,
                "the sizes of the model cannot be stored: ", file.error().message,
                "; please report this");
  graph.sizes = ir::makeConstant(*file);
  return {};
}

}  // namespace minnow::converter
