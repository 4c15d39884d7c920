// keep-halves: weights that float16 holds exactly are stored as such, which are those of models that
// were float16 all along. No bit depends on it: kernels widen them as they read panels. And where a
// conversion asks for it, all others too, rounded.
#include "passes/halve_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "base/fail.h"
#include "base/half.h"
#include "kernels/pack.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

// Constants begin at multiples of 64 bytes: below that nothing is saved.
constexpr int64_t kLeastElements = 32;

/// True of an operator whose only weights are input 1, in panels. Those of recurrent cells are read at
/// every step, and those at the points of Winograd's tiles are sums, which float16 does not hold.
bool readsPanels(const ir::Graph& graph, const ir::Node& node) {
  const auto matricesOf = [&](size_t input) -> std::optional<ops::WeightMatrices> {
    if (node.inputs.size() <= input || node.inputs[input] == kNoValue) return std::nullopt;
    const Shape& shape = graph.values[node.inputs[input]].type.shape;
    return node.op->weightMatrices(static_cast<int>(input), shape, plainStrides(shape));
  };
  const auto weights = matricesOf(1);
  return weights && !matricesOf(2) && !node.op->hasTransformedWeights(graph.inputTypes(node));
}

bool mayBeHalved(const ir::Value& value) {
  return value.packing == Packing::F32x16 && value.isFixed() &&
         value.type.shape.elements() >= kLeastElements;
}

/// Constants in panels that nobody reads but as weights.
std::vector<ValueId> weightsOf(const ir::Graph& graph) {
  std::vector<char> isWeight(graph.values.size(), 0), isOther(graph.values.size(), 0);
  for (const ValueId id : graph.outputs) isOther[id] = 1;
  for (const ir::Node& node : graph.nodes)
    for (size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] != kNoValue)
        (i == 1 && readsPanels(graph, node) ? isWeight : isOther)[node.inputs[i]] = 1;
  std::vector<ValueId> found;
  for (size_t id = 0; id < graph.values.size(); ++id)
    if (isWeight[id] && !isOther[id] && mayBeHalved(graph.values[id]))
      found.push_back(static_cast<ValueId>(id));
  return found;
}

bool areExact(std::span<const float> weights) {
  const auto isExact = [](float x) { return base::floatFromHalf(base::halfFromFloat(x)) == x; };
  return std::ranges::all_of(weights, isExact);
}

/// False of weights beyond the largest number, and of those that all have fewer digits than usual.
bool haveRoom(std::span<const float> weights) {
  const auto isIn = [](float x) { return std::fabs(x) <= base::kLargestHalf; };
  const auto hasDigits = [](float x) { return std::fabs(x) >= base::kLeastNormalHalf; };
  return std::ranges::all_of(weights, isIn) && std::ranges::any_of(weights, hasDigits);
}

Result<void> halve(ir::Value& value) {
  const auto panels = value.elements<float>();
  const size_t bytes = panels.size() * sizeof(uint16_t);
  const std::shared_ptr<std::byte[]> memory = base::alignedBytes(bytes);
  if (!memory) return fail(ErrorCode::OutOfMemory, bytes, " bytes of weights in float16");
  kernels::halve(panels, reinterpret_cast<uint16_t*>(memory.get()));
  value.packing = Packing::F16x16;
  value.constant =
      std::make_shared<ir::Constant>(ir::Constant{std::span(memory.get(), bytes), memory});
  return {};
}

/// Of those of which `pays` is true.
Result<int> halveWhere(ir::Graph& graph, bool (*pays)(std::span<const float>)) {
  int changes = 0;
  for (const ValueId id : weightsOf(graph)) {
    ir::Value& value = graph.values[id];
    if (!pays(value.elements<float>())) continue;
    if (auto ok = halve(value); !ok) return passOn(ok);
    ++changes;
  }
  return changes;
}

}  // namespace

Result<int> keepHalves(ir::Graph& graph, sizes::Budget&) { return halveWhere(graph, areExact); }

Result<int> halveWeights(ir::Graph& graph) { return halveWhere(graph, haveRoom); }

}  // namespace minnow::passes
