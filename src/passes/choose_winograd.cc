// choose-winograd: 3x3 convolutions of stride 1 whose tiles of 4x4 results are computed by
// Winograd's F(4,3), 36 products instead of 144, where that pays. The decision is stored, so that it
// is the same on every CPU, and follows from counting (winograd_cost.h).
#include <algorithm>
#include <cmath>

#include "passes/pass.h"
#include "passes/winograd_cost.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;

constexpr double kWorthTiles = 0.75;
// Fewer channels gain little, and are those of first layers, whose errors all others magnify.
constexpr int64_t kLeastChannels = 16;

bool pays(const TensorType& x, const TensorType& y) {
  const WinogradCost cost(x, y);
  return cost.inTiles() + cost.transforms() < kWorthTiles * cost.direct();
}

/// Weights whose sums stay numbers: an infinity among nine taps would make NaNs of its whole tile.
bool areFinite(const ir::Value& weights) {
  return weights.isFixed() && weights.isPlain() && weights.type.type == DataType::Float32 &&
         std::ranges::all_of(weights.elements<float>(), [](float w) { return std::isfinite(w); });
}

bool wantsTiles(const ir::Graph& graph, const ir::Node& node) {
  const TensorType& x = graph.values[node.inputs[0]].type;
  return x.shape.rank() == 4 && x.shape[1] >= kLeastChannels &&
         pays(x, graph.values[node.outputs[0]].type) && areFinite(graph.values[node.inputs[1]]);
}

}  // namespace

Result<int> chooseWinograd(ir::Graph& graph, sizes::Budget&) {
  int changes = 0;
  for (ir::Node& node : graph.nodes) {
    bool* inTiles = node.op->inTiles();
    if (!inTiles || *inTiles || !wantsTiles(graph, node)) continue;
    *inTiles = true;
    ++changes;
  }
  return changes;
}

}  // namespace minnow::passes
