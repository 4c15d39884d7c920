// Everything is tried in integers first. What fuse-quantised leaves in float is float in the next
// try, so that no list of operators has to be kept beside the pass's own. Ranges and weights, which take
// the time, do not depend on what stays float: they are found once.
#include "quantise/plan.h"

#include <algorithm>

#include "base/fail.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/unary.h"
#include "passes/pass_list.h"
#include "quantise/writer.h"

namespace minnow::quantise {
namespace {

using ir::kNoValue;
using ir::ValueId;

ValueId resultOf(const ir::Node& node) { return node.outputs.empty() ? kNoValue : node.outputs[0]; }

bool isActivation(const ir::Node& node) {
  const auto* op = node.as<ops::Unary>();
  return op && (op->fn == ops::UnaryFn::Relu || op->fn == ops::UnaryFn::Clip);
}

/// The activation that a node's result is for alone, or -1.
int activationOf(const ir::Graph& graph, const std::vector<std::vector<int>>& readers, int n) {
  const ir::Node& node = graph.nodes[static_cast<size_t>(n)];
  const ValueId result = resultOf(node);
  if (result == kNoValue || node.outputs.size() != 1 || node.as<ops::Unary>() ||
      node.op->choosesElements(0) || readers[at(result)].size() != 1 || graph.isOutput(result))
    return -1;
  const int reader = readers[at(result)][0];
  return isActivation(graph.nodes[static_cast<size_t>(reader)]) ? reader : -1;
}

class Planner {
 public:
  Planner(ir::Graph& graph, const Seen& seen, const PlanOptions& options)
      : graph_(graph), seen_(seen), options_(options), layers_(layersOf(graph)) {
    plan_.isInteger.resize(graph.nodes.size());
    plan_.isInner.resize(graph.values.size());
    plan_.by.resize(graph.values.size());
  }

  Plan run() {
    findInner();
    findCandidates();
    findRanges();
    findWeights();
    return std::move(plan_);
  }

 private:
  const ir::Node& node(size_t n) const { return graph_.nodes[n]; }

  void findInner() {
    for (size_t n = 0; n < layers_.size(); ++n)
      if (const ValueId result = resultOf(node(n)); result != kNoValue && result != layers_[n])
        plan_.isInner[at(result)] = 1;
  }

  /// Nodes that lead to a convolution or product, or are one.
  void findCandidates() {
    const auto readers = graph_.consumers();
    std::vector<char> leads(layers_.size());
    for (size_t n = layers_.size(); n-- > 0;) {
      leads[n] = constantLinear(graph_, node(n)).has_value();
      for (const ValueId id : node(n).outputs)
        if (id != kNoValue)
          for (const int reader : readers[at(id)]) leads[n] |= leads[static_cast<size_t>(reader)];
    }
    for (size_t n = 0; n < layers_.size(); ++n)
      plan_.isInteger[n] = (leads[n] || endsLinear(n)) && isSeen(n);
  }

  /// True of the activation behind a convolution or product.
  bool endsLinear(size_t n) const {
    for (size_t i = 0; i < n; ++i)
      if (layers_[i] == layers_[n] && constantLinear(graph_, node(i))) return true;
    return false;
  }

  /// Operands that are no weights.
  std::span<const ValueId> operands(size_t n) const {
    const std::span<const ValueId> all = node(n).inputs;
    return constantLinear(graph_, node(n)) ? all.first(1) : all;
  }

  /// True if the ranges of a node's results are known, and those of an operand that is computed.
  bool isSeen(size_t n) const {
    const auto isKnown = [&](ValueId id) {
      return id != kNoValue &&
             (plan_.isInner[at(id)] || (isReal(graph_, id) && seen_[at(id)].seen()));
    };
    return std::ranges::any_of(operands(n), isKnown) &&
           std::ranges::all_of(node(n).outputs,
                               [&](ValueId id) { return id == kNoValue || isKnown(id); });
  }

  // Ranges -----------------------------------------------------------------------------------------

  void findRanges() {
    for (size_t n = 0; n < layers_.size(); ++n) {
      if (!plan_.isInteger[n]) continue;
      for (const ValueId id : operands(n)) findRange(id);
      for (const ValueId id : node(n).outputs) {
        // What is moved stands for what it stood for.
        if (id != kNoValue && node(n).op->choosesElements(0) && !node(n).as<ops::Concat>())
          plan_.by[at(id)] = plan_.by[at(node(n).inputs[0])];
        findRange(id);
      }
    }
  }

  void findRange(ValueId id) {
    if (id == kNoValue || plan_.by[at(id)] || plan_.isInner[at(id)] || !isReal(graph_, id)) return;
    const ir::Value& value = graph_.values[at(id)];
    if (value.isConstant()) {
      Statistics constant;
      const auto elements = value.elements<float>();
      if (addExtremes(constant, elements, 1, static_cast<int64_t>(elements.size())))
        plan_.by[at(id)] = quantisationOf(constant.least, constant.most);
    } else if (seen_[at(id)].seen()) {
      plan_.by[at(id)] = chosenRange(seen_[at(id)], options_.ranges);
    }
  }

  void findWeights() {
    for (size_t n = 0; n < layers_.size(); ++n) {
      if (!plan_.isInteger[n] || !constantLinear(graph_, node(n))) continue;
      const ValueId x = node(n).inputs[0];
      plan_.weights.emplace(n, quantisedWeights(graph_, static_cast<int>(n), plan_.by[at(x)]->scale,
                                                options_.correctBias ? &seen_[at(x)] : nullptr));
    }
  }

  ir::Graph& graph_;
  const Seen& seen_;
  const PlanOptions& options_;
  std::vector<ValueId> layers_;
  Plan plan_;
};

// Trying -------------------------------------------------------------------------------------------

/// Layers in integers of which conversion leaves a node in float, by their results.
Result<std::set<ValueId>> leftInFloat(const ir::Graph& graph, const Plan& plan,
                                      const std::vector<ValueId>& layers) {
  ir::Graph tried = quantised(graph, plan);
  std::vector<std::string> others;
  for (const passes::Pass& pass : passes::allPasses())
    if (pass.name != std::string_view("fuse-quantised")) others.emplace_back(pass.name);
  if (auto ok = passes::runPasses(tried, others); !ok) return passOn(ok);
  std::set<std::string_view> names;
  for (const ir::Node& node : tried.nodes)
    for (const ValueId id : node.outputs)
      if (id != kNoValue) names.insert(tried.values[at(id)].name);
  std::set<ValueId> floats;
  for (size_t n = 0; n < layers.size(); ++n)
    for (const ValueId id : graph.nodes[n].outputs)
      if (id != kNoValue && plan.isInteger[n] && names.contains(graph.values[at(id)].name))
        floats.insert(layers[n]);
  return floats;
}

void becomeFloat(Plan& plan, const std::vector<ValueId>& layers, const std::set<ValueId>& floats) {
  for (size_t n = 0; n < layers.size(); ++n) {
    if (!floats.contains(layers[n])) continue;
    plan.isInteger[n] = 0;
    plan.weights.erase(static_cast<int>(n));
  }
}

}  // namespace

bool isReal(const ir::Graph& graph, ValueId id) {
  const ir::Value& value = graph.values[at(id)];
  return value.type.type == DataType::Float32 && value.isPlain() &&
         (!value.isConstant() || value.isFixed());
}

std::vector<ValueId> layersOf(const ir::Graph& graph) {
  const auto readers = graph.consumers();
  std::vector<ValueId> layers;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const int activation = activationOf(graph, readers, static_cast<int>(n));
    layers.push_back(resultOf(graph.nodes[activation >= 0 ? static_cast<size_t>(activation) : n]));
  }
  return layers;
}

Plan candidates(ir::Graph& graph, const Seen& seen, const PlanOptions& options) {
  return Planner(graph, seen, options).run();
}

Result<Plan> settled(const ir::Graph& graph, Plan plan, const std::set<ValueId>& kept) {
  const auto layers = layersOf(graph);
  becomeFloat(plan, layers, kept);
  while (true) {
    const auto floats = leftInFloat(graph, plan, layers);
    if (!floats) return passOn(floats);
    if (floats->empty()) return plan;
    becomeFloat(plan, layers, *floats);
  }
}

}  // namespace minnow::quantise
