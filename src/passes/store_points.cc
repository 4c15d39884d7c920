// store-points: weights of convolutions in Winograd's tiles lie at the 36 points of the tiles in the
// file, four times as many bytes as 3x3, and are not transformed while the model runs. Bits stay. Last of
// all, when no layer leaves its tiles any more: strips are those of weights that are transformed.
//
// Instructions that are saved are not time: 432 bytes more have to come from memory for each 155
// instructions of a transform. Layers that transform their weights once or twice a run take longer so
// (on x86-64 up to 1.7 times as long), those that do it five times and more 0.77 to 1.09 times as long.
#include "passes/store_points.h"

#include <map>
#include <set>
#include <utility>

#include "base/aligned.h"
#include "base/fail.h"
#include "base/threads.h"
#include "kernels/pack.h"
#include "kernels/reference/winograd.h"
#include "passes/pass.h"
#include "passes/winograd_cost.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

constexpr double kLeastPasses = 5;
constexpr int kPatch = kernels::WinogradAxis::kPatch, kPoints = kPatch * kPatch;

bool isInTiles(const ir::Node& node) {
  const bool* inTiles = node.op->inTiles();
  return inTiles && *inTiles;
}

bool isAtPoints(const ir::Graph& graph, const ir::Node& node) {
  return node.op->hasTransformedWeights(graph.inputTypes(node));
}

bool mayStorePoints(const ir::Graph& graph, const ir::Node& node) {
  return isInTiles(node) && !isAtPoints(graph, node) && graph.values[node.inputs[1]].isFixed();
}

/// In the packing that the weights had.
ValueId addAtPoints(ir::Graph& graph, const ir::Node& node) {
  const ir::Value from = graph.values[node.inputs[1]];
  const Shape& shape = from.type.shape;
  const Shape points{shape[0], shape[1], kPatch, kPatch};
  const std::vector<float> plain = weightsAtPoints(*node.op, from.view());
  const ValueId id = graph.addFloats(from.name + "#points", points, plain);
  if (from.packing == Packing::None) return id;
  const auto matrices = *node.op->weightMatrices(1, points, plainStrides(points));
  const auto bytes = static_cast<size_t>(kernels::packedBytes(from.packing, matrices));
  const std::shared_ptr<std::byte[]> memory = base::alignedBytes(bytes);
  if (!memory) return kNoValue;
  const std::span<std::byte> room(memory.get(), bytes);
  kernels::pack(from.packing, plain.data(), matrices, room);
  graph.values[id].packing = from.packing;
  graph.values[id].constant = std::make_shared<ir::Constant>(ir::Constant{room, memory});
  return id;
}

double instructionsOf(const ir::Graph& graph, const ir::Node& node) {
  std::vector<TensorType> outputs;
  for (ValueId id : node.outputs)
    outputs.push_back(id == kNoValue ? TensorType{} : graph.values[id].type);
  const int64_t multiplyAdds = node.op->multiplyAdds(graph.inputTypes(node), outputs);
  return static_cast<double>(multiplyAdds) / 4 * kInstructionsOfMultiplyAdd;
}

/// In how many strips the node's output is made.
double callsOf(const ir::Graph& graph, size_t node) {
  for (const ir::Chain& chain : graph.chains)
    if (std::cmp_greater_equal(node, chain.first) && std::cmp_less(node, chain.end)) {
      const ir::Node& last = graph.nodes[chain.end - 1];
      const Shape& y = graph.values[last.outputs[0]].type.shape;
      if (y.rank() == 4) return static_cast<double>((y[2] + chain.rows - 1) / chain.rows);
    }
  return 1;
}

WinogradCost costOf(const ir::Graph& graph, size_t n) {
  const ir::Node& node = graph.nodes[n];
  WinogradCost cost(graph.values[node.inputs[0]].type, graph.values[node.outputs[0]].type);
  cost.calls = callsOf(graph, n);
  return cost;
}

}  // namespace

std::vector<float> weightsAtPoints(const ops::Operator& op, const TensorView& weights) {
  const auto matrices = *op.weightMatrices(1, weights.shape, weights.strides);
  std::vector<float> all;
  const base::DenormalsFlushed flushed;  // as in the kernel's own transforms
  for (int64_t o = 0; o < weights.shape[0]; ++o) {
    const kernels::reference::WinogradWeights taps(matrices, weights, o);
    for (int64_t c = 0; c < weights.shape[1]; ++c) {
      kernels::reference::WinogradPatch at;
      taps.read(c, at);
      for (const auto& row : at) all.insert(all.end(), row, row + kPatch);
    }
  }
  return all;
}

Result<int> storePointsWhere(ir::Graph& graph, bool (*pays)(const WinogradCost&)) {
  std::map<ValueId, ValueId> stored;
  int changes = 0;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    ir::Node& node = graph.nodes[n];
    if (!mayStorePoints(graph, node) || !pays(costOf(graph, n))) continue;
    const auto [known, isNew] = stored.try_emplace(node.inputs[1]);
    if (isNew) known->second = addAtPoints(graph, node);
    if (known->second == kNoValue)
      return fail(ErrorCode::OutOfMemory, "the weights of '", node.name, "' at 36 points");
    node.inputs[1] = known->second;
    ++changes;
  }
  return changes;
}

Result<int> storePoints(ir::Graph& graph, sizes::Budget&) {
  return storePointsWhere(graph,
                          [](const WinogradCost& cost) { return cost.passes() >= kLeastPasses; });
}

StoredPoints storedPoints(const ir::Graph& graph) {
  StoredPoints found;
  std::set<ValueId> counted;
  double all = 0, saved = 0;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node& node = graph.nodes[n];
    if (!isInTiles(node)) {
      all += instructionsOf(graph, node);
      continue;
    }
    const WinogradCost cost = costOf(graph, n);
    all += cost.inTiles() + cost.transforms();
    if (!isAtPoints(graph, node)) continue;
    saved += cost.transforms();
    ++found.layers;
    const ir::Value& weights = graph.values[node.inputs[1]];
    if (counted.insert(node.inputs[1]).second)
      found.bytes += weights.constant->bytes.size() / kPoints * (kPoints - 9);
  }
  found.savings = all > 0 ? saved / all : 0;
  return found;
}

}  // namespace minnow::passes
