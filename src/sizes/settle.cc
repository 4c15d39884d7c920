// Two walks: through the size graph, which is computed as far as somebody asks for its elements,
// and through the graph, which takes what it follows from there.
#include "sizes/settle.h"

#include <algorithm>
#include <map>

#include "base/fail.h"
#include "ir/data_sizes.h"
#include "sizes/evaluate.h"

namespace minnow::sizes {
namespace {

using ir::kNoValue;
using ir::ValueId;

std::unexpected<Error> atNode(const ir::Node& node, const Error& error) {
  return fail(error.code, "node '", node.name, "' (", node.op->name(), "): ", error.message);
}

/// Importers and passes count axes: a value of another rank would need another graph.
std::unexpected<Error> otherRank(int now, int then) {
  return fail(ErrorCode::Unsupported, "its result has rank ", now,
              " for these shapes, it was converted for rank ", then,
              "; convert the ONNX file for them with --shape");
}

std::unexpected<Error> noSuchSize() {
  return fail(ErrorCode::BadModel, "the size graph does not fit the graph");
}

// Elements ----------------------------------------------------------------------------------------

template <class To, class From>
std::vector<To> listOf(const ir::Value& value) {
  std::vector<To> list;
  for (const From element : value.elements<From>()) list.push_back(static_cast<To>(element));
  return list;
}

/// The elements as an attribute wants them; none for other types than sizes have.
template <class To>
std::vector<To> elementsAs(const ir::Value& value) {
  switch (value.type.type) {
    case DataType::Int64:
      return listOf<To, int64_t>(value);
    case DataType::Int32:
      return listOf<To, int32_t>(value);
    case DataType::Float32:
      return listOf<To, float>(value);
    default:
      return {};
  }
}

/// Gives one attribute, which the operator has, its elements.
class AttributeFiller {
 public:
  explicit AttributeFiller(const ir::Value& value) : value_(value) {}

  Result<void> operator()(int64_t& to) const { return one(to); }
  Result<void> operator()(float& to) const { return one(to); }
  Result<void> operator()(std::vector<int64_t>& to) const { return all(to); }
  Result<void> operator()(std::vector<float>& to) const { return all(to); }
  Result<void> operator()(std::string&) const { return unfit(); }

 private:
  template <class T>
  Result<void> all(std::vector<T>& to) const {
    to = elementsAs<T>(value_);
    if (static_cast<int64_t>(to.size()) != value_.type.shape.elements()) return unfit();
    return {};
  }
  template <class T>
  Result<void> one(T& to) const {
    const std::vector<T> list = elementsAs<T>(value_);
    if (list.size() != 1) return unfit();
    to = list[0];
    return {};
  }
  Result<void> unfit() const {
    return fail(ErrorCode::BadModel, "an attribute cannot follow ", value_.type.type, " ",
                value_.type.shape);
  }

  const ir::Value& value_;
};

/// A value of the size graph whose elements are known; null where a file lies.
const ir::Value* known(const ir::Graph& program, ValueId id) {
  if (id < 0 || static_cast<size_t>(id) >= program.values.size()) return nullptr;
  const ir::Value& value = program.values[id];
  return value.isConstant() && value.isPlain() ? &value : nullptr;
}

/// Packed weights were checked against the attributes that their reader had when it was loaded.
bool readsPacked(const ir::Graph& graph, const ir::Node& node) {
  return std::ranges::any_of(node.inputs, [&](ValueId id) {
    return id != kNoValue && graph.values[id].packing != Packing::None;
  });
}

/// Gives the operator of a node of `graph` the attributes that follow sizes.
Result<void> setAttributes(const ir::Graph& graph, ir::Node& node, const ir::Graph& program) {
  if (node.settings.empty()) return {};
  if (readsPacked(graph, node)) return noSuchSize();
  ops::AttributeMap map = node.op->attributes();
  for (const ir::Setting& setting : node.settings) {
    const ir::Value* value = known(program, setting.size);
    const auto found =
        std::ranges::find(map, setting.attribute, &ops::AttributeMap::value_type::first);
    if (!value || found == map.end()) return noSuchSize();
    if (auto ok = std::visit(AttributeFiller(*value), found->second); !ok) return ok;
  }
  return node.op->setAttributes(std::move(map));
}

// The size graph ----------------------------------------------------------------------------------

class Program {
 public:
  explicit Program(ir::Graph& graph) : graph_(graph), wanted_(graph.values.size(), 0) {}

  Result<void> run(std::span<const TensorType> inputs) {
    if (inputs.size() > graph_.inputs.size()) return noSuchSize();
    for (const ir::Assumption& one : graph_.assumptions) assumptions_[one.value] = &one;
    for (size_t i = 0; i < inputs.size(); ++i) graph_.values[graph_.inputs[i]].type = inputs[i];
    findWanted();
    for (ir::Node& node : graph_.nodes) {
      if (auto ok = run(node); !ok) return atNode(node, ok.error());
      if (auto ok = checkWrittenBy(node); !ok) return ok;
    }
    for (const ir::Assumption& one : graph_.assumptions)  // of what no node writes too
      if (auto ok = check(one); !ok) return ok;
    return {};
  }

 private:
  /// Values whose elements somebody asks for.
  void findWanted() {
    for (const ValueId id : graph_.outputs) wanted_[id] = 1;
    for (const ir::Node& node : graph_.nodes)
      for (const ir::Setting& setting : node.settings)
        if (setting.size >= 0 && static_cast<size_t>(setting.size) < wanted_.size())
          wanted_[setting.size] = 1;
    for (size_t n = graph_.nodes.size(); n-- > 0;) {
      const ir::Node& node = graph_.nodes[n];
      if (!isWanted(node) || !node.op->facts().readsElements) continue;
      for (const ValueId id : node.inputs)
        if (id != kNoValue) wanted_[id] = 1;
    }
  }

  bool isWanted(const ir::Node& node) const {
    return std::ranges::any_of(node.outputs,
                               [&](ValueId id) { return id != kNoValue && wanted_[id]; });
  }

  Result<void> run(ir::Node& node) {
    if (auto ok = setAttributes(graph_, node, graph_); !ok) return ok;
    return isWanted(node) ? compute(node) : infer(node);
  }

  Result<void> infer(const ir::Node& node) {
    const auto types = sizes_.outputTypes(node, graph_.inputTypes(node));
    if (!types) return passOn(types);
    if (sizes_.concerns(node))
      if (auto ok = sizes_.enter(node, graph_.inputTypes(node)); !ok) return ok;
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (auto ok = give(node.outputs[i], (*types)[i], nullptr); !ok) return ok;
    return {};
  }

  Result<void> give(ValueId id, const TensorType& type,
                    std::shared_ptr<const ir::Constant> constant) {
    if (id == kNoValue) return {};
    ir::Value& value = graph_.values[id];
    if (type.shape.rank() != value.type.shape.rank())
      return otherRank(type.shape.rank(), value.type.shape.rank());
    value.type = type;
    value.constant = std::move(constant);
    return {};
  }

  Result<void> compute(const ir::Node& node) {
    if (node.op->facts().readsElements)
      for (const ValueId id : node.inputs)
        if (id != kNoValue && !known(graph_, id)) return noSuchSize();
    const auto results = evaluate(graph_, *node.op, node.inputs, budget_);
    if (!results) return passOn(results);
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (auto ok = give(node.outputs[i], (*results)[i].type, (*results)[i].constant); !ok)
        return ok;
    return {};
  }

  Result<void> check(const ir::Assumption& one) const {
    const ir::Value *now = known(graph_, one.value), *then = known(graph_, one.expected);
    if (!now || !then) return noSuchSize();
    if (now->type == then->type && std::ranges::equal(now->constant->bytes, then->constant->bytes))
      return {};
    return fail(ErrorCode::Unsupported, "node '", one.node, "' (", one.op,
                ") was converted for one size of what it reads, and the new shapes give another; "
                "convert the ONNX file for them with --shape");
  }

  /// At once: what comes after might fail for no other reason.
  Result<void> checkWrittenBy(const ir::Node& node) const {
    for (const ValueId id : node.outputs)
      if (const auto found = assumptions_.find(id); found != assumptions_.end())
        if (auto ok = check(*found->second); !ok) return ok;
    return {};
  }

  ir::Graph& graph_;
  ir::DataSizes sizes_;
  std::vector<char> wanted_;
  std::map<ValueId, const ir::Assumption*> assumptions_;  ///< by value
  /// Size arithmetic is little work; a file that lies may ask for any.
  Budget budget_{.bytes = int64_t{64} << 20, .multiplyAdds = int64_t{64} << 20};
};

// The graph ---------------------------------------------------------------------------------------

/// A row-major constant as the graph stores it: channels-last perhaps, with axes of extent 1 before
/// its own.
Result<void> store(const ir::Value& from, ir::Value& to, size_t& bytesMade) {
  if (from.type.type != to.type.type || from.type.shape.rank() > to.type.shape.rank() ||
      to.packing != Packing::None)
    return noSuchSize();
  Shape shape = Shape::ofRank(to.type.shape.rank() - from.type.shape.rank());
  for (const int64_t extent : from.type.shape.dims()) shape.push_back(extent);
  to.type.shape = shape;
  to.constant = from.constant;
  bytesMade += kSharedHeader + base::blockBytes(from.constant->bytes.size());
  if (to.order != ops::StorageOrder::ChannelsLast) return {};
  std::vector<std::byte> bytes(from.constant->bytes.size());
  TensorView source = from.view(), target = to.view();
  source.shape = shape;
  source.strides = plainStrides(shape);
  target.data = bytes.data();
  copyTensor(source, target);
  to.constant = ir::makeConstant(bytes);
  return {};
}

}  // namespace

Result<void> checkRanks(const ir::Graph& graph, std::span<const TensorType> types) {
  for (const ir::Node& node : graph.nodes)
    for (const ValueId id : node.outputs) {
      if (id == kNoValue) continue;
      const int then = graph.values[id].type.shape.rank(), now = types[id].shape.rank();
      if (now != then) return atNode(node, otherRank(now, then).error());
    }
  return {};
}

Result<Settled> settle(const ir::Graph& graph, ir::Graph program,
                       std::span<const TensorType> inputs) {
  if (inputs.size() != graph.inputs.size()) return noSuchSize();
  if (auto ok = Program(program).run(inputs); !ok) return passOn(ok);
  Settled settled{graph.clone()};
  settled.graph.extents = {};  // the model's are asked
  for (size_t i = 0; i < inputs.size(); ++i)
    settled.graph.values[settled.graph.inputs[i]].type = inputs[i];
  for (ir::Value& value : settled.graph.values) {
    if (value.size == kNoValue || !value.isConstant()) continue;
    const ir::Value* size = known(program, value.size);
    if (!size) return noSuchSize();
    if (auto ok = store(*size, value, settled.constantBytes); !ok) return passOn(ok);
  }
  for (ir::Node& node : settled.graph.nodes)
    if (auto ok = setAttributes(settled.graph, node, program); !ok) return atNode(node, ok.error());
  if (auto ok = settled.graph.inferTypes(); !ok) return passOn(ok);
  return settled;
}

}  // namespace minnow::sizes
