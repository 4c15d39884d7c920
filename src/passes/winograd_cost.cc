// Counting instructions of convolutions.
#include "passes/winograd_cost.h"

#include <cmath>

#include "kernels/winograd.h"

namespace minnow::passes {
namespace {

constexpr double kOfMultiplyAdd = kInstructionsOfMultiplyAdd;
constexpr double kOfTileInput = 420, kOfTileResult = 400, kOfTaps = 155;
constexpr double kOfStore = 12;  // of a sum: bias, clamp, store, and the call of a tile

double tilesAlong(int64_t results) {
  constexpr int64_t kTile = kernels::WinogradAxis::kTile;
  return static_cast<double>((results + kTile - 1) / kTile);
}

}  // namespace

WinogradCost::WinogradCost(const TensorType& x, const TensorType& y)
    : channels(static_cast<double>(x.shape[1])),
      outputs(static_cast<double>(y.shape[1])),
      pixels(static_cast<double>(y.shape[0] * y.shape[2] * y.shape[3])),
      tiles(static_cast<double>(y.shape[0]) * tilesAlong(y.shape[2]) * tilesAlong(y.shape[3])) {}

double WinogradCost::direct() const {
  return pixels * outputs / 4 * (9 * channels * kOfMultiplyAdd + kOfStore);
}

double WinogradCost::inTiles() const {
  const double inputs = tiles * channels / 4 * kOfTileInput;
  const double products = 36 * tiles * outputs / 4 * (channels * kOfMultiplyAdd + kOfStore);
  return inputs + products + tiles * outputs / 4 * kOfTileResult;
}

double WinogradCost::passes() const {
  const auto perBlock =
      static_cast<double>(kernels::WinogradBlock::mostTiles(static_cast<int64_t>(channels)));
  return calls * std::ceil(tiles / calls / perBlock);
}

double WinogradCost::transforms() const { return passes() * channels * outputs / 4 * kOfTaps; }

}  // namespace minnow::passes
