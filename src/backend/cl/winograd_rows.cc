// Convolutions in Winograd's tiles.
#include <algorithm>
#include <vector>

#include "backend/cl/axes.h"
#include "backend/cl/rows.h"
#include "base/fail.h"
#include "base/threads.h"
#include "kernels/reference/weights.h"
#include "kernels/reference/winograd.h"
#include "kernels/winograd.h"
#include "ops/conv.h"

namespace minnow::backend::cl {
namespace {

using kernels::WinogradAxis;
using kernels::reference::WeightsOfOutput;
using kernels::reference::WinogradPatch;
using kernels::reference::winogradTapsAtPoints;

constexpr int kPatch = WinogradAxis::kPatch, kPoints = kPatch * kPatch;

/// As kernels/winograd.cl has it.
struct WinogradGeometry {
  cl_int items, first, tiles, across, down, channels, inPanels, outputs, outPanels;
  cl_int pad[2], end[2], out[2], xBatch, xChannel, x[2], yBatch, yChannel, y[2];
  cl_int bias;
  cl_float alpha, beta;
};

Result<void> supportsWinograd(const Work& work) {
  if (!static_cast<const ops::Conv&>(work.op).winograd)
    return fail(ErrorCode::Unsupported, "it is not computed in tiles");
  if (work.inputs[1].data == nullptr)
    return fail(ErrorCode::Unsupported, "weights that a run computes are not taken here");
  return {};
}

cl_int panelsOf(int64_t channels) { return static_cast<cl_int>((channels + kLanes - 1) / kLanes); }

WinogradGeometry tilesGeometry(const Work& work) {
  const auto& conv = static_cast<const ops::Conv&>(work.op);
  const TensorView &x = work.inputs[0], &y = work.outputs[0];
  WinogradGeometry g{};
  g.channels = static_cast<cl_int>(x.shape[1]), g.outputs = static_cast<cl_int>(y.shape[1]);
  g.inPanels = panelsOf(g.channels), g.outPanels = panelsOf(g.outputs);
  for (int i = 0; i < 2; ++i) {
    const WinogradAxis axis(conv.along(i, x.shape[i + 2]), x.shape[i + 2], y.shape[i + 2]);
    (i == 0 ? g.down : g.across) = static_cast<cl_int>(axis.tiles());
    g.pad[i] = static_cast<cl_int>(axis.padding), g.end[i] = static_cast<cl_int>(axis.end);
    g.out[i] = static_cast<cl_int>(axis.outputs);
    g.x[i] = static_cast<cl_int>(x.strides[i + 2]), g.y[i] = static_cast<cl_int>(y.strides[i + 2]);
  }
  g.xBatch = static_cast<cl_int>(x.strides[0]), g.xChannel = static_cast<cl_int>(x.strides[1]);
  g.yBatch = static_cast<cl_int>(y.strides[0]), g.yChannel = static_cast<cl_int>(y.strides[1]);
  const bool hasBias = work.inputs.size() > 2 && work.inputs[2];
  g.bias = hasBias ? static_cast<cl_int>(work.inputs[2].strides[0]) : -1;
  g.alpha = conv.epilogue.alpha, g.beta = conv.epilogue.beta;
  return g;
}

/// By point, panel of 16 outputs, and channel.
std::vector<float> tapsAtPoints(const Work& work, const WinogradGeometry& g) {
  const auto& conv = static_cast<const ops::Conv&>(work.op);
  const TensorView& w = work.inputs[1];
  const auto matrices = *conv.weightMatrices(1, w.shape, w.strides);
  const size_t step = static_cast<size_t>(g.outPanels) * static_cast<size_t>(g.channels) * kLanes;
  std::vector<float> all(kPoints * step);
  const base::DenormalsFlushed flushed;
  for (int o = 0; o < g.outputs; ++o) {
    const WeightsOfOutput<float> weights(matrices, w, 0, o);
    for (int c = 0; c < g.channels; ++c) {
      float taps[9];
      for (int k = 0; k < 9; ++k) taps[k] = weights[int64_t{k} * g.channels + c];
      WinogradPatch at;
      winogradTapsAtPoints(taps, at);
      float* to = &all[static_cast<size_t>((o / kLanes * g.channels + c) * kLanes + o % kLanes)];
      for (size_t p = 0; p < kPoints; ++p) to[p * step] = at[p / kPatch][p % kPatch];
    }
  }
  return all;
}

/// So many tiles at a time that what lies at their points has 8 MB at most, but 64 at least.
cl_int tilesOfPass(const WinogradGeometry& g, cl_int all) {
  const cl_int bytesOfTile = kPoints * (g.inPanels + g.outPanels) * kLanes * cl_int{sizeof(float)};
  return std::min(all, std::max(64, (8 << 20) / bytesOfTile));
}

struct Operands {
  Operand x, weights, bias;
};

Result<void> addPass(WinogradGeometry g, const Operands& operands, const std::string& options,
                     cl_int pixels, Launches& launches) {
  const Operand y{Operand::In::Outputs}, points{Operand::In::Workspace};
  const Operand products{Operand::In::Workspace, 0,
                         int64_t{kPoints} * g.tiles * g.inPanels * kLanes};
  g.items = g.tiles * g.inPanels;
  if (auto ok = launches.add({"winograd", "inputs", options}, {operands.x, points}, g); !ok)
    return ok;
  g.items = kPoints * g.outPanels * ((g.tiles + pixels - 1) / pixels);
  if (auto ok =
          launches.add({"winograd", "sums", options}, {points, operands.weights, products}, g);
      !ok)
    return ok;
  g.items = g.tiles * g.outPanels;
  return launches.add({"winograd", "results", options}, {products, operands.bias, y}, g);
}

Result<void> prepareWinograd(const Work& work, Device& device, Launches& launches) {
  const auto& conv = static_cast<const ops::Conv&>(work.op);
  WinogradGeometry g = tilesGeometry(work);
  const auto x = launches.operand(work, 0);
  if (!x) return std::unexpected(x.error());
  const auto weights = launches.addWeights(tapsAtPoints(work, g));
  if (!weights) return std::unexpected(weights.error());
  const auto bias = g.bias < 0 ? x : launches.operand(work, 2);
  if (!bias) return std::unexpected(bias.error());
  const Operands operands{*x, {Operand::In::Constants, *weights}, *bias};
  const auto all = static_cast<cl_int>(work.outputs[0].shape[0]) * g.down * g.across;
  const cl_int most = tilesOfPass(g, all);
  launches.setWorkspace(static_cast<size_t>(most) * kPoints * kLanes * sizeof(float) *
                        static_cast<size_t>(g.inPanels + g.outPanels));
  const int pixels = pixelsFor(device);
  const std::string options = epilogueOption(conv.epilogue.fn) + text(" -D PIXELS=", pixels);
  for (g.first = 0; g.first < all; g.first += most) {
    g.tiles = std::min(most, all - g.first);
    if (auto ok = addPass(g, operands, options, pixels, launches); !ok) return ok;
  }
  return {};
}

}  // namespace

std::span<const Row> winogradRows() {
  static constexpr Row kRows[] = {
      {ops::OpKind::Conv, "cl-winograd", supportsWinograd, prepareWinograd}};
  return kRows;
}

}  // namespace minnow::backend::cl
