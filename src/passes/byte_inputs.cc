// Inputs that are rounded become what they are rounded to.
#include "passes/byte_inputs.h"

#include <cmath>

#include "ops/quantize.h"
#include "passes/match.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

/// The only element of a constant of 8 bits; 0 where there is none.
std::optional<int64_t> zeroOf(const Rewriter& graph, ValueId id) {
  if (id == kNoValue) return 0;
  const ir::Value& value = graph.value(id);
  if (!value.isFixed() || value.type.shape.elements() != 1) return std::nullopt;
  if (value.type.type == DataType::Uint8) return value.elements<uint8_t>()[0];
  if (value.type.type == DataType::Int8) return value.elements<int8_t>()[0];
  return std::nullopt;
}

/// What the QuantizeLinear makes of an input that alone reads it, and the result.
std::optional<std::pair<ByteInput, ValueId>> roundedOnce(const Rewriter& graph, ValueId input) {
  if (!graph.readOnce(input)) return std::nullopt;
  const ir::Node& node = graph.node(graph.readers(input)[0]);
  const auto* op = node.as<ops::QuantizeLinear>();
  if (!op || op->awayFromZero || node.inputs[0] != input || !node.settings.empty())
    return std::nullopt;
  const ValueId result = node.outputs[0];
  const DataType type = graph.value(result).type.type;
  const auto scale = constantFloats(graph, node.inputs[1]);
  const auto zero = zeroOf(graph, node.inputs.size() > 2 ? node.inputs[2] : kNoValue);
  if (scale.size() != 1 || !std::isnormal(scale[0]) || scale[0] < 0 || !zero ||
      (type != DataType::Uint8 && type != DataType::Int8) || graph.isOutput(result))
    return std::nullopt;
  return std::pair{ByteInput{graph.value(input).name.str(), type, scale[0], *zero}, result};
}

}  // namespace

std::vector<ByteInput> takeBytes(ir::Graph& graph) {
  std::vector<ByteInput> taken;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    Rewriter rewriter(graph);
    const ValueId input = graph.inputs[i];
    const auto found = roundedOnce(rewriter, input);
    if (!found) continue;
    const auto& [bytes, result] = *found;
    graph.nodes.erase(graph.nodes.begin() + rewriter.producer(result));
    std::swap(graph.values[input].name, graph.values[result].name);
    graph.inputs[i] = result;
    taken.push_back(bytes);
  }
  if (!taken.empty()) graph.chains.clear(), graph.removeDead();
  return taken;
}

}  // namespace minnow::passes
