// Each reader has a DequantizeLinear of its own, so that it can be fused with it.
#include "quantise/writer.h"

#include <bit>

#include "ops/quantize.h"

namespace minnow::quantise {

using ir::kNoValue;
using ir::ValueId;

Writer::Writer(const ir::Graph& from, ir::Graph& to, const Plan* plan, std::string mark)
    : from_(from),
      to_(to),
      plan_(plan),
      mark_(std::move(mark)),
      real_(from.values.size(), kNoValue),
      integers_(from.values.size(), kNoValue) {}

ValueId Writer::addNode(const std::string& name, const ops::Operator& op,
                        std::vector<ValueId> inputs, const std::string& output) {
  ir::Node node{.name = name, .op = op.clone(), .inputs = std::move(inputs), .outputs = {}};
  const auto types = node.op->inferShape(to_.inputTypes(node));
  node.outputs = {to_.addValue({.name = output, .type = types ? (*types)[0] : TensorType{}})};
  to_.nodes.push_back(std::move(node));
  return to_.nodes.back().outputs[0];
}

ValueId Writer::scalar(float scale) { return to_.addFloats("#scale", {}, {&scale, 1}); }

ValueId Writer::zero(const ops::Quantisation& by) {
  const auto byte = static_cast<std::byte>(by.zero);
  return to_.addConstant("#zero", {DataType::Uint8, {}}, {&byte, 1});
}

ValueId Writer::integers(ValueId id) {
  ValueId& known = integers_[at(id)];
  if (known != kNoValue) return known;
  const ops::Quantisation& by = *plan_->by[at(id)];
  const std::string name = value(id).name + mark_;
  return known = addNode(name, ops::QuantizeLinear(), {real(id), scalar(by.scale), zero(by)},
                         name + "#integers");
}

ValueId Writer::dequantised(ValueId id) {
  const ops::Quantisation& by = *plan_->by[at(id)];
  const std::string name = value(id).name + mark_;
  return addNode(name, ops::DequantizeLinear(), {integers(id), scalar(by.scale), zero(by)},
                 name + "#real");
}

ValueId Writer::real(ValueId id) {
  const ValueId known = real_[at(id)];
  return known != kNoValue ? known : dequantised(id);
}

void Writer::takeReal(ValueId id, ValueId as) {
  real_[at(id)] = as;
  integers_[at(id)] = kNoValue;
}

ValueId Writer::weights(const ir::Node& node, const QuantisedWeights& weights) {
  const ir::Value& source = value(node.inputs[1]);
  const ValueId integers = to_.addConstant(source.name, {DataType::Int8, source.type.shape},
                                           std::as_bytes(std::span(weights.integers)));
  const ValueId scales =
      to_.addFloats("#scales", Shape{static_cast<int64_t>(weights.scales.size())}, weights.scales);
  ops::DequantizeLinear op;
  op.spread.axis = weights.axis;
  return addNode(source.name + mark_, op, {integers, scales}, source.name + mark_ + "#real");
}

ValueId Writer::bias(const ir::Node& node, const QuantisedWeights& weights) {
  if (weights.bias.empty()) return kNoValue;
  const std::string name = node.inputs.size() > 2 && node.inputs[2] != kNoValue
                               ? value(node.inputs[2]).name.str()
                               : node.name + "#bias";
  return to_.addFloats(name, Shape{static_cast<int64_t>(weights.bias.size())}, weights.bias);
}

ValueId Writer::operand(int n, ValueId id) {
  if (id == kNoValue) return kNoValue;
  const bool isRounded =
      plan_ && plan_->isInteger[static_cast<size_t>(n)] && plan_->by[at(id)].has_value();
  return isRounded ? dequantised(id) : real(id);
}

std::vector<ValueId> Writer::operands(int n) {
  const ir::Node& node = from_.nodes[static_cast<size_t>(n)];
  if (const auto* linear = plan_ ? plan_->weightsOf(n) : nullptr)
    return {operand(n, node.inputs[0]), weights(node, *linear), bias(node, *linear)};
  std::vector<ValueId> ids;
  for (const ValueId id : node.inputs) ids.push_back(operand(n, id));
  return ids;
}

void Writer::add(int n) {
  const ir::Node& node = from_.nodes[static_cast<size_t>(n)];
  ir::Node copy{.name = node.name + mark_,
                .op = node.op->clone(),
                .inputs = operands(n),
                .outputs = {},
                .source = node.source,
                .settings = node.settings};
  for (const ValueId id : node.outputs) {
    if (id != kNoValue) {
      ir::Value result = value(id);
      result.name += mark_;
      real_[at(id)] = to_.addValue(std::move(result));
    }
    copy.outputs.push_back(id == kNoValue ? kNoValue : real_[at(id)]);
  }
  to_.nodes.push_back(std::move(copy));
  if (!plan_ || !plan_->isInteger[static_cast<size_t>(n)]) return;
  for (const ValueId id : node.outputs) {
    if (id == kNoValue || plan_->isInner[at(id)] || !plan_->by[at(id)]) continue;
    integers(id);
    real_[at(id)] = kNoValue;  // from now on its integers alone are there
  }
}

ir::Graph quantised(const ir::Graph& graph, const Plan& plan) {
  ir::Graph to = graph.clone();
  to.nodes.clear();
  Writer writer(graph, to, &plan, "");
  for (size_t id = 0; id < graph.values.size(); ++id)
    writer.share(static_cast<ValueId>(id), static_cast<ValueId>(id));
  for (size_t n = 0; n < graph.nodes.size(); ++n) writer.add(static_cast<int>(n));
  for (ValueId& id : to.outputs) id = writer.real(id);
  return to;
}

}  // namespace minnow::quantise
