// Keeping producers and readers true.
#include "passes/rewriter.h"

#include <algorithm>
#include <utility>

namespace minnow::passes {

using ir::kNoValue;
using ir::ValueId;

Rewriter::Rewriter(ir::Graph& graph)
    : graph_(graph), producers_(graph.producers()), readers_(graph.consumers()) {
  // A graph is verified before passes see it.
  if (auto found = ir::findDataSizes(graph)) dataSizes_ = std::move(*found);
}

int Rewriter::producer(ValueId id) const {
  return id == kNoValue ? -1 : producers_[static_cast<size_t>(id)];
}

const std::vector<int>& Rewriter::readers(ValueId id) const {
  return readers_[static_cast<size_t>(id)];
}

bool Rewriter::isOutput(ValueId id) const { return graph_.isOutput(id); }

int Rewriter::onlyReader(int n) const {
  const ir::Node& node = graph_.nodes[static_cast<size_t>(n)];
  if (node.outputs.empty() || node.outputs[0] == kNoValue || !readOnce(node.outputs[0])) return -1;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNoValue) return -1;
  return readers(node.outputs[0])[0];
}

ValueId Rewriter::addValue(ir::Value value) {
  producers_.push_back(-1);
  readers_.emplace_back();
  return graph_.addValue(std::move(value));
}

ValueId Rewriter::addFloats(ir::Name name, const Shape& shape, std::span<const float> floats) {
  return addValue({.name = std::move(name),
                   .type = {DataType::Float32, shape},
                   .constant = ir::makeConstant(std::as_bytes(floats))});
}

void Rewriter::forgetReader(ValueId id, int n) {
  auto& list = readers_[static_cast<size_t>(id)];
  if (const auto at = std::ranges::find(list, n); at != list.end()) list.erase(at);
}

void Rewriter::setInputs(int n, std::vector<ValueId> inputs) {
  const ir::Ids before = std::exchange(node(n).inputs, ir::Ids(inputs));
  for (const ValueId id : before)
    if (id != kNoValue) forgetReader(id, n);
  for (const ValueId id : node(n).inputs)
    if (id != kNoValue) readers_[static_cast<size_t>(id)].push_back(n);
  for (const ValueId id : before)
    if (producer(id) >= 0) dropIfUnread(producer(id));
}

bool Rewriter::isRead(int n) const {
  return std::ranges::any_of(graph_.nodes[static_cast<size_t>(n)].outputs, [&](ValueId id) {
    return id != kNoValue && (!readers(id).empty() || isOutput(id));
  });
}

/// And those that then are unread too: a list, for a line of them may be as long as the graph.
void Rewriter::dropIfUnread(int first) {
  for (std::vector<int> suspects{first}; !suspects.empty();) {
    const int n = suspects.back();
    suspects.pop_back();
    if (isRead(n)) continue;
    for (const ValueId id : std::exchange(node(n).outputs, {}))
      if (id != kNoValue) producers_[static_cast<size_t>(id)] = -1;
    for (const ValueId id : std::exchange(node(n).inputs, {})) {
      if (id != kNoValue) forgetReader(id, n);
      if (producer(id) >= 0) suspects.push_back(producer(id));
    }
  }
}

void Rewriter::replace(int n, std::unique_ptr<ops::Operator> op, std::vector<ValueId> inputs,
                       ir::Name source) {
  node(n).op = std::move(op);
  node(n).source = std::move(source);
  setInputs(n, std::move(inputs));
}

void Rewriter::absorbReader(int n) {
  const int reader = onlyReader(n);
  const ValueId old = node(n).outputs[0], result = node(reader).outputs[0];
  node(n).source = joinSources(node(n).source, node(reader).source);
  node(n).outputs[0] = result;
  for (ir::Setting& setting : node(reader).settings)  // which verify() refuses if they do not fit
    node(n).settings.push_back(std::move(setting));
  producers_[static_cast<size_t>(result)] = n;
  producers_[static_cast<size_t>(old)] = -1;
  node(reader).outputs.clear();
  setInputs(reader, {});
}

bool Rewriter::forward(int n, ValueId other) {
  const ValueId out = node(n).outputs[0];
  if (isOutput(out) && (producer(other) < 0 || isOutput(other))) return false;
  auto& moved = readers_[static_cast<size_t>(out)];
  auto& list = readers_[static_cast<size_t>(other)];
  for (const int reader : moved) std::ranges::replace(node(reader).inputs, out, other);
  list.insert(list.end(), moved.begin(), moved.end());
  moved.clear();
  std::ranges::replace(graph_.outputs, out, other);
  dropIfUnread(n);
  return true;
}

void Rewriter::becomeAnother(ValueId id, const TensorType& type) {
  ir::Value& value = graph_.values[static_cast<size_t>(id)];
  value.type = type;
  value.name = "~" + value.name;
}

void Rewriter::becomeConstant(ValueId id, std::shared_ptr<const ir::Constant> constant) {
  const int n = producer(id);
  graph_.values[static_cast<size_t>(id)].constant = std::move(constant);
  graph_.values[static_cast<size_t>(id)].order = ops::StorageOrder::Plain;
  producers_[static_cast<size_t>(id)] = -1;
  if (n < 0) return;
  std::ranges::replace(node(n).outputs, id, kNoValue);
  dropIfUnread(n);
}

std::string joinSources(const ir::Name& first, const ir::Name& second) {
  if (first.empty() || second.empty()) return first.str() + second;
  return first + "+" + second;
}

}  // namespace minnow::passes
