// Graph bookkeeping.
#include "ir/graph.h"

#include <algorithm>
#include <new>

#include "base/aligned.h"
#include "ir/data_sizes.h"
#include "ir/extents.h"

namespace minnow::ir {

std::shared_ptr<const Constant> makeConstant(std::span<const std::byte> bytes) {
  // By operator new, which throws where memory is short.
  constexpr std::align_val_t kAlignment{base::kAlignment};
  const size_t size = base::blockBytes(bytes.size());
  const std::shared_ptr<std::byte[]> block(
      static_cast<std::byte*>(::operator new(size, kAlignment)),
      [](std::byte* p) { ::operator delete(p, kAlignment); });
  std::ranges::copy(bytes, block.get());
  std::fill(block.get() + bytes.size(), block.get() + size, std::byte{});
  return std::make_shared<Constant>(Constant{{block.get(), bytes.size()}, block});
}

TensorView Value::view() const {
  TensorView view{{type.type, type.shape, stridesIn(order, type.shape), packing}};
  if (constant) view.data = const_cast<std::byte*>(constant->bytes.data());
  return view;
}

Graph Graph::clone() const {
  Graph copy{name,        producer, values,      {},      inputs,        outputs,
             outputNames, sizes,    assumptions, extents, quantisations, chains};
  copy.nodes.reserve(nodes.size());
  for (const Node& node : nodes)
    copy.nodes.push_back(
        {node.name, node.op->clone(), node.inputs, node.outputs, node.source, node.settings});
  return copy;
}

ValueId Graph::addValue(Value value) {
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::addConstant(Name name, TensorType type, std::span<const std::byte> bytes) {
  return addValue({.name = std::move(name), .type = type, .constant = makeConstant(bytes)});
}

ValueId Graph::addFloats(Name name, Shape shape, std::span<const float> floats) {
  return addConstant(std::move(name), {DataType::Float32, shape}, std::as_bytes(floats));
}

std::vector<std::vector<int>> Graph::consumers() const {
  std::vector<std::vector<int>> readers(values.size());
  for (size_t n = 0; n < nodes.size(); ++n)
    for (ValueId id : nodes[n].inputs)
      if (id != kNoValue) readers[id].push_back(static_cast<int>(n));
  return readers;
}

std::vector<int> Graph::producers() const {
  std::vector<int> writer(values.size(), -1);
  for (size_t n = 0; n < nodes.size(); ++n)
    for (ValueId id : nodes[n].outputs)
      if (id != kNoValue) writer[id] = static_cast<int>(n);
  return writer;
}

bool Graph::isOutput(ValueId id) const { return std::ranges::find(outputs, id) != outputs.end(); }

namespace {
bool anyAlive(std::span<const ValueId> ids, const std::vector<char>& alive) {
  return std::ranges::any_of(ids, [&](ValueId id) { return id != kNoValue && alive[id]; });
}
}  // namespace

void Graph::removeDead() {
  std::vector<char> alive(values.size(), 0);
  for (ValueId id : inputs) alive[id] = 1;
  for (ValueId id : outputs) alive[id] = 1;
  std::vector<Node> kept;
  for (size_t n = nodes.size(); n-- > 0;) {
    Node& node = nodes[n];
    if (!anyAlive(node.outputs, alive)) continue;
    for (ValueId id : node.inputs)
      if (id != kNoValue) alive[id] = 1;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      ValueId& id = node.outputs[i];
      if (id == kNoValue || alive[id]) continue;
      if (node.op->mayLackOutput(static_cast<int>(i)))
        id = kNoValue;
      else
        alive[id] = 1;
    }
    kept.push_back(std::move(node));
  }
  std::ranges::reverse(kept);
  nodes = std::move(kept);

  std::vector<ValueId> renumbered(values.size(), kNoValue);
  std::vector<Value> keptValues;
  for (size_t v = 0; v < values.size(); ++v) {
    if (!alive[v]) continue;
    renumbered[v] = static_cast<ValueId>(keptValues.size());
    keptValues.push_back(std::move(values[v]));
  }
  values = std::move(keptValues);
  const auto renumber = [&](auto& ids) {
    for (ValueId& id : ids)
      if (id != kNoValue) id = renumbered[id];
  };
  for (Node& node : nodes) renumber(node.inputs), renumber(node.outputs);
  renumber(inputs), renumber(outputs);
}

std::vector<TensorType> Graph::inputTypes(const Node& node) const {
  std::vector<TensorType> types;
  types.reserve(node.inputs.size());
  for (ValueId id : node.inputs) types.push_back(id == kNoValue ? TensorType{} : values[id].type);
  return types;
}

namespace {
Result<ops::TensorTypes> inferNode(const Node& node, std::span<const TensorType> inputs,
                                   DataSizes& sizes) {
  auto types = sizes.infer(node, inputs);
  if (types && types->size() < node.outputs.size())
    types = fail(ErrorCode::BadModel, "node '", node.name, "' (", node.op->name(), ") has ",
                 node.outputs.size(), " outputs, expected at most ", types->size());
  return types;
}
}  // namespace

Result<void> Graph::inferTypes(std::vector<TensorType>& types) const {
  std::vector<TensorType> inputs;
  DataSizes sizes;
  for (const Node& node : nodes) {
    inputs.clear();
    for (ValueId id : node.inputs) inputs.push_back(id == kNoValue ? TensorType{} : types[id]);
    const auto outputs = inferNode(node, inputs, sizes);
    if (!outputs) return passOn(outputs);
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] != kNoValue) types[node.outputs[i]] = (*outputs)[i];
  }
  return {};
}

Result<void> Graph::inferTypes() {
  std::vector<TensorType> types;
  for (const Value& value : values) types.push_back(value.type);
  if (auto ok = inferTypes(types); !ok) return ok;
  for (size_t v = 0; v < values.size(); ++v) values[v].type = types[v];
  return {};
}

namespace {
Result<void> verifyChains(const Graph& graph) {
  int end = 0;
  for (const Chain& chain : graph.chains) {
    if (chain.first < end || chain.end <= chain.first || chain.rows < 1 ||
        static_cast<size_t>(chain.end) > graph.nodes.size())
      return fail(ErrorCode::BadModel, "a chain of nodes ", chain.first, " to ", chain.end, ", ",
                  chain.rows, " rows at a time, does not fit the graph's ", graph.nodes.size(),
                  " nodes and the chains before it");
    end = chain.end;
  }
  return {};
}
}  // namespace

namespace {
Result<void> verifyOutputs(const Node& node) {
  if (node.outputs.empty())
    return fail(ErrorCode::BadModel, "node '", node.name, "' (", node.op->name(),
                ") lacks its first output");
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (node.outputs[i] == kNoValue && !node.op->mayLackOutput(static_cast<int>(i)))
      return fail(ErrorCode::BadModel, "node '", node.name, "' (", node.op->name(), ") lacks ",
                  i == 0 ? "its first output" : text("output ", i));
  return {};
}

/// Attributes that are settled later exist.
Result<void> verifySettings(const Node& node) {
  if (node.settings.empty()) return {};
  const ops::AttributeMap map = node.op->attributes();
  for (const Setting& setting : node.settings)
    if (setting.size < 0 || std::ranges::find(map, setting.attribute,
                                              &ops::AttributeMap::value_type::first) == map.end())
      return fail(ErrorCode::BadModel, "node '", node.name, "' (", node.op->name(),
                  ") has no attribute '", setting.attribute, "' that sizes could decide");
  return {};
}
/// Goes through a graph's nodes in their order.
class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph), written_(graph.values.size(), 0) {}

  bool isWritten(ValueId id) const { return exists(id) && written_[static_cast<size_t>(id)]; }

  Result<void> values() {
    for (size_t v = 0; v < graph_.values.size(); ++v) {
      if (auto ok = ops::checkShape(graph_.values[v].type.shape); !ok) return ok;
      written_[v] = graph_.values[v].isConstant();
    }
    for (ValueId id : graph_.inputs)
      if (!write(id)) return fail(ErrorCode::BadModel, "a graph input is not a free value");
    return {};
  }

  /// Values first: types and sizes are looked up by them.
  Result<void> node(const Node& node) {
    if (auto ok = verifyOutputs(node); !ok) return ok;
    if (auto ok = verifySettings(node); !ok) return ok;
    for (ValueId id : node.inputs)
      if (id != kNoValue && !isWritten(id))
        return fail(ErrorCode::BadModel, "node '", node.name,
                    "' reads a value that nothing has written");
    for (ValueId id : node.outputs)
      if (id != kNoValue && !write(id))
        return fail(ErrorCode::BadModel, "node '", node.name,
                    "' writes a value twice, or one that does not exist");
    return types(node);
  }

 private:
  bool exists(ValueId id) const {
    return id >= 0 && static_cast<size_t>(id) < graph_.values.size();
  }
  /// False for what does not exist or is written already.
  bool write(ValueId id) {
    if (!exists(id) || written_[static_cast<size_t>(id)]) return false;
    written_[static_cast<size_t>(id)] = 1;
    return true;
  }

  Result<void> types(const Node& node) {
    inputs_.clear();
    for (ValueId id : node.inputs)
      inputs_.push_back(id == kNoValue ? TensorType{}
                                       : graph_.values[static_cast<size_t>(id)].type);
    const auto types = inferNode(node, inputs_, sizes_);
    if (!types) return passOn(types);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNoValue) continue;
      const Value& value = graph_.values[static_cast<size_t>(node.outputs[i])];
      if (value.type != (*types)[i])
        return fail(ErrorCode::BadModel, "value '", value.name, "' is ", value.type.type, " ",
                    value.type.shape, ", its node gives ", (*types)[i].type, " ",
                    (*types)[i].shape);
    }
    return {};
  }

  const Graph& graph_;
  std::vector<char> written_;
  std::vector<TensorType> inputs_;  // of the node at hand
  DataSizes sizes_;
};
}  // namespace

Result<void> Graph::verify() const {
  Verifier verifier(*this);
  if (auto ok = verifier.values(); !ok) return ok;
  for (const Node& node : nodes)
    if (auto ok = verifier.node(node); !ok) return ok;
  if (outputNames.size() != outputs.size())
    return fail(ErrorCode::BadModel, "the graph names ", outputNames.size(), " outputs, it has ",
                outputs.size());
  for (ValueId id : outputs)
    if (!verifier.isWritten(id))
      return fail(ErrorCode::BadModel, "a graph output is never written");
  if (auto ok = verifyExtents(*this); !ok) return ok;
  return verifyChains(*this);
}

// Accounts ----------------------------------------------------------------------------------------

size_t heapBytes(const Value& value) {
  return heapBytes(value.name) + (value.constant ? sizeof(Constant) : 0);
}

size_t heapBytes(const Node& node) {
  return heapBytes(node.name) + heapBytes(node.source) + heapBytes(node.inputs) +
         heapBytes(node.outputs) + minnow::heapBytes(node.settings) + node.op->heapBytes();
}

size_t heapBytes(const Setting& setting) { return minnow::heapBytes(setting.attribute); }
size_t heapBytes(const Assumption& assumption) {
  return minnow::heapBytes(assumption.node) + minnow::heapBytes(assumption.op);
}

size_t heapBytes(const Extent& extent) {
  return minnow::heapBytes(extent.name) + minnow::heapBytes(extent.axes);
}

size_t heapBytes(const Graph& graph) {
  return kConstantsHeader + minnow::heapBytes(graph.name) + minnow::heapBytes(graph.producer) +
         minnow::heapBytes(graph.values) + minnow::heapBytes(graph.nodes) +
         minnow::heapBytes(graph.inputs) + minnow::heapBytes(graph.outputs) +
         minnow::heapBytes(graph.outputNames) + minnow::heapBytes(graph.assumptions) +
         minnow::heapBytes(graph.extents) + minnow::heapBytes(graph.chains) +
         (graph.sizes ? kSharedHeader + sizeof(Constant) : 0);
}

}  // namespace minnow::ir
