// Convolutions in Winograd's tiles.
#include <algorithm>
#include <vector>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "base/threads.h"
#include "kernels/reference/winograd.h"
#include "kernels/winograd.h"
#include "ops/conv.h"

namespace minnow::backend::gpu {
namespace {

using kernels::WinogradAxis;
using kernels::reference::WinogradPatch;
using kernels::reference::WinogradWeights;

constexpr int kPatch = WinogradAxis::kPatch, kPoints = kPatch * kPatch;

/// As kernels/winograd.cl has it.
struct WinogradGeometry {
  int32_t items, first, tiles, across, down, channels, inPanels, outputs, outPanels;
  int32_t pad[2], end[2], out[2], xBatch, xChannel, x[2], yBatch, yChannel, y[2];
  int32_t bias;
  float alpha, beta;
};

WinogradGeometry tilesGeometry(const Work& work, int lanes) {
  const auto& conv = static_cast<const ops::Conv&>(work.op);
  const TensorView &x = work.inputs[0], &y = work.outputs[0];
  WinogradGeometry g{};
  g.channels = static_cast<int32_t>(x.shape[1]), g.outputs = static_cast<int32_t>(y.shape[1]);
  g.inPanels = (g.channels + lanes - 1) / lanes, g.outPanels = (g.outputs + lanes - 1) / lanes;
  for (int i = 0; i < 2; ++i) {
    const WinogradAxis axis(conv.along(i, x.shape[i + 2]), x.shape[i + 2], y.shape[i + 2]);
    (i == 0 ? g.down : g.across) = static_cast<int32_t>(axis.tiles());
    g.pad[i] = static_cast<int32_t>(axis.padding), g.end[i] = static_cast<int32_t>(axis.end);
    g.out[i] = static_cast<int32_t>(axis.outputs);
    g.x[i] = static_cast<int32_t>(x.strides[i + 2]),
    g.y[i] = static_cast<int32_t>(y.strides[i + 2]);
  }
  g.xBatch = static_cast<int32_t>(x.strides[0]), g.xChannel = static_cast<int32_t>(x.strides[1]);
  g.yBatch = static_cast<int32_t>(y.strides[0]), g.yChannel = static_cast<int32_t>(y.strides[1]);
  const bool hasBias = work.inputs.size() > 2 && work.inputs[2];
  g.bias = hasBias ? static_cast<int32_t>(work.inputs[2].strides[0]) : -1;
  g.alpha = conv.epilogue.alpha, g.beta = conv.epilogue.beta;
  return g;
}

/// Of what a tile has at its points, inputs and outputs.
int64_t floatsOfTile(const WinogradGeometry& g, int lanes) {
  return int64_t{kPoints} * (g.inPanels + g.outPanels) * lanes;
}

int32_t tilesOf(const Work& work, const WinogradGeometry& g) {
  return static_cast<int32_t>(work.outputs[0].shape[0]) * g.down * g.across;
}

/// So many tiles at a time that what lies at their points has 8 MB at most, but 64 at least.
int32_t tilesOfPass(const WinogradGeometry& g, int32_t all, int lanes) {
  const auto bytesOfTile = static_cast<int32_t>(floatsOfTile(g, lanes) * int64_t{sizeof(float)});
  return std::min(all, std::max(64, (8 << 20) / bytesOfTile));
}

int64_t floatsAtPoints(const WinogradGeometry& g, int lanes) {
  return int64_t{kPoints} * g.outPanels * g.channels * lanes;
}

Result<void> supportsWinograd(const Work& work, const Device& device) {
  if (!isInTiles(work)) return fail(ErrorCode::Unsupported, "it is not computed in tiles");
  if (work.inputs[1].data == nullptr)
    return fail(ErrorCode::Unsupported, "weights that a run computes are not taken here");
  const int lanes = device.lanes();
  const WinogradGeometry g = tilesGeometry(work, lanes);
  if (auto ok = checkTurns(int64_t{device.pixels()} * g.channels, device); !ok) return ok;
  const auto floats = [&](const char* what, int64_t count) {
    return checkBytes(what, count * int64_t{sizeof(float)}, device);
  };
  if (auto ok = floats("weights", floatsAtPoints(g, lanes)); !ok) return ok;
  return floats("workspace", tilesOfPass(g, tilesOf(work, g), lanes) * floatsOfTile(g, lanes));
}

/// By point, panel of outputs, and channel.
std::vector<float> panelsAtPoints(const Work& work, const WinogradGeometry& g, int lanes) {
  const auto& conv = static_cast<const ops::Conv&>(work.op);
  const TensorView& w = work.inputs[1];
  const auto matrices = *conv.weightMatrices(1, w.shape, w.strides);
  std::vector<float> all(static_cast<size_t>(floatsAtPoints(g, lanes)));
  const size_t step = all.size() / kPoints;
  const base::DenormalsFlushed flushed;
  for (int o = 0; o < g.outputs; ++o) {
    const WinogradWeights weights(matrices, w, o);
    for (int c = 0; c < g.channels; ++c) {
      WinogradPatch at;
      weights.read(c, at);
      float* to = &all[static_cast<size_t>((o / lanes * g.channels + c) * lanes + o % lanes)];
      for (size_t p = 0; p < kPoints; ++p) to[p * step] = at[p / kPatch][p % kPatch];
    }
  }
  return all;
}

struct Operands {
  Operand x, weights, bias;
};

Result<void> addPass(WinogradGeometry g, const Operands& operands, const Device& device,
                     ops::UnaryFn epilogue, Launches& launches) {
  const int pixels = pixelsOf(g.tiles, device), panels = panelsOf(g.outPanels, pixels, device);
  const Operand y{Operand::In::Outputs}, points{Operand::In::Workspace};
  const Operand products{Operand::In::Workspace, 0,
                         int64_t{kPoints} * g.tiles * g.inPanels * device.lanes()};
  g.items = g.tiles * g.inPanels;
  if (auto ok = launches.add({"winograd", "inputs", ""}, {operands.x, points}, g); !ok) return ok;
  g.items = kPoints * ((g.outPanels + panels - 1) / panels) * ((g.tiles + pixels - 1) / pixels);
  const std::string options = text("-D PIXELS=", pixels, " -D PANELS=", panels);
  if (auto ok =
          launches.add({"winograd", "sums", options}, {points, operands.weights, products}, g);
      !ok)
    return ok;
  g.items = g.tiles * g.outPanels;
  return launches.add({"winograd", "results", epilogueOption(epilogue)},
                      {products, operands.bias, y}, g);
}

Result<void> prepareWinograd(const Work& work, Device& device, Launches& launches) {
  const auto& conv = static_cast<const ops::Conv&>(work.op);
  const int lanes = device.lanes();
  WinogradGeometry g = tilesGeometry(work, lanes);
  const auto x = launches.operand(work, 0);
  if (!x) return passOn(x);
  const auto weights = launches.addWeights(panelsAtPoints(work, g, lanes));
  if (!weights) return passOn(weights);
  const auto bias = g.bias < 0 ? x : launches.operand(work, 2);
  if (!bias) return passOn(bias);
  const Operands operands{*x, {Operand::In::Constants, *weights}, *bias};
  const int32_t all = tilesOf(work, g), most = tilesOfPass(g, all, lanes);
  launches.setWorkspace(static_cast<size_t>(most * floatsOfTile(g, lanes)) * sizeof(float));
  for (g.first = 0; g.first < all; g.first += most) {
    g.tiles = std::min(most, all - g.first);
    if (auto ok = addPass(g, operands, device, conv.epilogue.fn, launches); !ok) return ok;
  }
  return {};
}

}  // namespace

std::span<const Row> winogradRows() {
  static constexpr Row kRows[] = {
      {ops::OpKind::Conv, "winograd", "winograd", supportsWinograd, prepareWinograd}};
  return kRows;
}

}  // namespace minnow::backend::gpu
