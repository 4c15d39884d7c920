// choose-winograd: 3x3 convolutions of stride 1 whose tiles of 4x4 results are computed by
// Winograd's F(4,3), 36 products instead of 144, where that pays. The decision is stored, so that it
// is the same on every CPU. It counts the instructions of a phone's core with vectors of four:
//
//   direct    a pixel and four outputs take 9 multiply-adds a channel
//   Winograd  a tile of 16 pixels takes 36 of them; besides, each tile's inputs are transformed once
//             for all outputs, its results once for all channels, and the weights once for every block
//             of tiles
//
// With 64 channels to 64 of 56x56 pixels, of a pixel and four outputs: 749 against 187 for products, 27 of their
// ends, 26 for inputs, 25 for results, 21 for weights. With 8 channels to 8: 94 against 23 and 27, 26, 25, 1: hardly
// less, at another error.
#include <algorithm>
#include <cmath>

#include "kernels/winograd.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;

// Instructions, of vectors of four floats.
constexpr double kOfMultiplyAdd = 1.3, kOfTileInput = 420, kOfTileResult = 400, kOfTaps = 155;
constexpr double kOfStore = 12;  // of a sum: bias, clamp, store, and the call of a tile
constexpr double kWorthTiles = 0.75;
// Fewer channels gain little, and are those of first layers, whose errors all others magnify.
constexpr int64_t kLeastChannels = 16;

double direct(double pixels, double channels, double outputs) {
  return pixels * outputs / 4 * (9 * channels * kOfMultiplyAdd + kOfStore);
}

double byTiles(double tiles, double channels, double outputs) {
  const auto perBlock =
      static_cast<double>(kernels::WinogradBlock::mostTiles(static_cast<int64_t>(channels)));
  const double inputs = tiles * channels / 4 * kOfTileInput;
  const double products = 36 * tiles * outputs / 4 * (channels * kOfMultiplyAdd + kOfStore);
  const double results = tiles * outputs / 4 * kOfTileResult;
  return inputs + products + results +
         std::ceil(tiles / perBlock) * channels * outputs / 4 * kOfTaps;
}

double tilesAlong(int64_t results) {
  constexpr int64_t kTile = kernels::WinogradAxis::kTile;
  return static_cast<double>((results + kTile - 1) / kTile);
}

bool pays(const TensorType& x, const TensorType& y) {
  const auto channels = static_cast<double>(x.shape[1]), outputs = static_cast<double>(y.shape[1]);
  const double tiles =
      static_cast<double>(y.shape[0]) * tilesAlong(y.shape[2]) * tilesAlong(y.shape[3]);
  const auto pixels = static_cast<double>(y.shape[0] * y.shape[2] * y.shape[3]);
  return byTiles(tiles, channels, outputs) < kWorthTiles * direct(pixels, channels, outputs);
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
