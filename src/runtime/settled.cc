// Reading the size graph out of the file, when it is asked for.
#include "runtime/settled.h"

#include <algorithm>
#include <set>

#include "format/read.h"

namespace minnow::runtime {
namespace {

std::vector<TensorType> inputTypes(const ir::Graph& graph, std::span<const TensorType> types) {
  std::vector<TensorType> inputs;
  for (const ir::ValueId id : graph.inputs) inputs.push_back(types[id]);
  return inputs;
}

bool isAsConverted(const ir::Graph& graph, std::span<const TensorType> types) {
  return std::ranges::all_of(graph.inputs,
                             [&](ir::ValueId id) { return graph.values[id].type == types[id]; });
}

Result<ir::Graph> sizeGraph(const ir::Graph& graph) {
  return format::read(graph.sizes->bytes, "size graph", graph.sizes->owner);
}

}  // namespace

Result<std::unique_ptr<const sizes::Settled>> settleTypes(const ir::Graph& graph,
                                                          std::vector<TensorType>& types) {
  if (isAsConverted(graph, types)) {
    for (size_t v = 0; v < types.size(); ++v) types[v] = graph.values[v].type;
    return nullptr;
  }
  if (!graph.sizes) {
    for (size_t v = 0; v < types.size(); ++v)
      if (graph.values[v].isConstant()) types[v] = graph.values[v].type;
    if (auto ok = graph.inferTypes(types); !ok) return passOn(ok);
    if (auto ok = sizes::checkRanks(graph, types); !ok) return passOn(ok);
    return nullptr;
  }
  auto program = sizeGraph(graph);
  if (!program) return passOn(program);
  auto settled = sizes::settle(graph, std::move(*program), inputTypes(graph, types));
  if (!settled) return passOn(settled);
  for (size_t v = 0; v < types.size(); ++v) types[v] = settled->graph.values[v].type;
  if (auto ok = sizes::checkRanks(graph, types); !ok) return passOn(ok);
  return std::make_unique<const sizes::Settled>(std::move(*settled));
}

Result<std::vector<std::string>> operatorKinds(const ir::Graph& graph) {
  std::set<std::string> kinds;
  const auto add = [&](const ir::Graph& one) {
    for (const ir::Node& node : one.nodes)
      for (const ops::Operator* op = node.op.get(); op != nullptr; op = op->held())
        kinds.insert(ops::opKindName(op->kind()));
  };
  add(graph);
  if (graph.sizes) {
    const auto program = sizeGraph(graph);
    if (!program) return passOn(program);
    add(*program);
  }
  return std::vector<std::string>(kinds.begin(), kinds.end());
}

size_t heapBytes(const sizes::Settled& settled) {
  // The model's own constants are the model's.
  size_t shared =
      ir::kConstantsHeader + (settled.graph.sizes ? kSharedHeader + sizeof(ir::Constant) : 0);
  for (const ir::Value& value : settled.graph.values)
    shared += value.isFixed() ? sizeof(ir::Constant) : 0;
  return sizeof settled + ir::heapBytes(settled.graph) + settled.constantBytes - shared;
}

}  // namespace minnow::runtime
