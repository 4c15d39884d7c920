// Convolutions.
#include <algorithm>
#include <vector>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "kernels/pack.h"
#include "kernels/packing.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"

namespace minnow::backend::gpu {
namespace {

/// As kernels/conv.cl has it.
struct ConvGeometry {
  int32_t items, across, groups, panels, perGroup, channels, depth, groupSize;
  int32_t taps[3], stride[3], dilation[3], pad[3], in[3], out[3];
  int32_t xBatch, xChannel, x[3], yBatch, yChannel, y[3];
  int32_t bias, leavesOut;
  float alpha, beta;
};

Result<void> supportsWeights(const Work& work, const Device& device) {
  if (work.inputs[1].data == nullptr)
    return fail(ErrorCode::Unsupported, "weights that a run computes are not taken here");
  if (storesHalves(work))
    if (auto ok = checkDigits(numbersOf(work, 1)); !ok) return ok;
  const auto matrices = *work.op.weightMatrices(1, work.inputs[1].shape, work.inputs[1].strides);
  const int64_t terms = kernels::panelShape(matrices).depth;
  if (auto ok = checkTurns(device.pixels() * terms, device); !ok) return ok;
  return checkBytes("weights", kernels::packedBytes(Packing::F32x16, matrices), device);
}

Result<void> supportsConv(const Work& work, const Device& device) {
  if (isInTiles(work)) return fail(ErrorCode::Unsupported, "it is computed in tiles");
  if (static_cast<const ops::Conv&>(work.op).winograd && work.inputs[1].shape[2] != 3)
    return fail(ErrorCode::Unsupported,
                "weights at the points of Winograd's tiles are not stored as float16");
  return supportsWeights(work, device);
}

/// Along the spatial axes; those that are not there come first and have one position.
template <class Op>
void enterAxes(const Op& conv, const TensorView& x, const TensorView& y, ConvGeometry& g) {
  const auto windows = ops::windowsOver(conv, x.shape);
  const int absent = 5 - x.shape.rank();
  for (int i = 0; i < 3; ++i) {
    g.taps[i] = g.stride[i] = g.dilation[i] = g.in[i] = g.out[i] = 1;
    if (i < absent) continue;
    const int axis = i - absent + 2;
    const ops::SlidingWindow& window = windows[static_cast<size_t>(axis) - 2];
    g.taps[i] = static_cast<int32_t>(window.kernel),
    g.stride[i] = static_cast<int32_t>(window.stride);
    g.dilation[i] = static_cast<int32_t>(window.dilation);
    g.pad[i] = static_cast<int32_t>(window.padBegin);
    g.in[i] = static_cast<int32_t>(x.shape[axis]), g.out[i] = static_cast<int32_t>(y.shape[axis]);
    g.x[i] = static_cast<int32_t>(x.strides[axis]), g.y[i] = static_cast<int32_t>(y.strides[axis]);
  }
}

/// A convolution of single taps is the same over one row of all pixels, where rows lie one after
/// another.
void mergeRows(ConvGeometry& g) {
  for (int i = 1; i >= 0; --i) {
    const bool single = g.taps[i] == 1 && g.taps[2] == 1 && g.stride[i] == 1 && g.stride[2] == 1 &&
                        g.pad[i] == 0 && g.pad[2] == 0 && g.in[i] == g.out[i] &&
                        g.in[2] == g.out[2];
    if (!single || g.out[i] == 1 || g.x[i] != g.x[2] * g.in[2] || g.y[i] != g.y[2] * g.out[2])
      return;
    g.in[2] *= g.in[i], g.out[2] *= g.out[i];
    g.in[i] = g.out[i] = 1;
  }
}

/// All but the work-items. `channels`: input channels of a group.
template <class Op>
ConvGeometry geometryOf(const Op& conv, const Work& work, int64_t channels, int lanes) {
  const TensorView &x = work.inputs[0], &w = work.inputs[1], &y = work.outputs[0];
  const kernels::PanelShape panels = kernels::panelShape(conv, w);
  ConvGeometry g{};
  g.groups = static_cast<int32_t>(panels.groups), g.perGroup = static_cast<int32_t>(panels.outputs);
  g.channels = static_cast<int32_t>(channels), g.depth = static_cast<int32_t>(panels.depth);
  g.groupSize = static_cast<int32_t>(panels.depthwise ? 0 : panels.groupElements());
  g.panels = ((panels.depthwise ? g.groups : g.perGroup) + lanes - 1) / lanes;
  enterAxes(conv, x, y, g);
  g.xBatch = static_cast<int32_t>(x.strides[0]), g.xChannel = static_cast<int32_t>(x.strides[1]);
  g.yBatch = static_cast<int32_t>(y.strides[0]), g.yChannel = static_cast<int32_t>(y.strides[1]);
  const bool hasBias = work.inputs.size() > 2 && work.inputs[2];
  g.bias = hasBias ? static_cast<int32_t>(work.inputs[2].strides[0]) : -1;
  g.alpha = conv.epilogue.alpha, g.beta = conv.epilogue.beta;
  return g;
}

bool isDepthwise(const ConvGeometry& g) { return g.groupSize == 0; }

/// Of single taps, none of which is on padding.
bool isSingle(const ConvGeometry& g) {
  bool single = true;
  for (int i = 0; i < 3; ++i)
    single = single && g.taps[i] == 1 && g.pad[i] == 0 && (g.out[i] - 1) * g.stride[i] < g.in[i];
  return single;
}

/// `across`: blocks of results along the last axis.
Result<void> addConv(const Work& work, const ops::Epilogue& epilogue, ConvGeometry g,
                     const char* function, const std::string& options, Launches& launches) {
  g.items = static_cast<int32_t>(work.outputs[0].shape[0]) * g.out[0] * g.out[1] * g.across *
            g.panels * (isDepthwise(g) ? 1 : g.groups);
  const auto x = launches.operand(work, 0);
  if (!x) return passOn(x);
  const auto weights = packedWeights(work.op, work.inputs[1], launches);
  if (!weights) return passOn(weights);
  const auto bias = g.bias < 0 ? weights : launches.operand(work, 2);
  if (!bias) return passOn(bias);
  return launches.add({"conv", function, epilogueOption(epilogue.fn) + options},
                      {*x, *weights, *bias, {Operand::In::Outputs}}, g);
}

/// Depthwise over two axes, with few taps along the last one, of channels that lie one after another.
bool isDense(const ConvGeometry& g, int lanes) {
  return g.taps[0] == 1 && g.in[0] == 1 && g.pad[0] == 0 && g.xChannel == 1 && g.groups >= lanes &&
         g.taps[2] <= 5 && g.stride[2] <= 2 && g.dilation[2] == 1;
}

Result<void> prepareConv(const Work& work, Device& device, Launches& launches) {
  const auto& conv = static_cast<const ops::Conv&>(work.op);
  ConvGeometry g = geometryOf(conv, work, work.inputs[1].shape[1], device.lanes());
  g.leavesOut = conv.leavesOutPadding;
  mergeRows(g);
  const int pixels = pixelsOf(g.out[2], device);
  g.across = (g.out[2] + pixels - 1) / pixels;
  std::string options = text(" -D PIXELS=", pixels);
  if (!isDepthwise(g)) {
    const int panels = panelsOf(g.panels, pixels, device);
    g.panels = (g.panels + panels - 1) / panels;
    options += text(" -D PANELS=", panels);
    const bool single = isSingle(g) && isWritten({"conv", "pointwise", ""}, device);
    return addConv(work, conv.epilogue, g, single ? "pointwise" : "conv", options, launches);
  }
  if (!isDense(g, device.lanes()) || !isWritten({"conv", "channels", ""}, device))
    return addConv(work, conv.epilogue, g, "depthwise", options, launches);
  options += text(" -D TAPS=", g.taps[2], " -D STRIDE=", g.stride[2]);
  return addConv(work, conv.epilogue, g, "channels", options, launches);
}

/// Along the last axis those results make a block that are a stride apart.
Result<void> prepareConvTranspose(const Work& work, Device& device, Launches& launches) {
  const auto& conv = static_cast<const ops::ConvTranspose&>(work.op);
  ConvGeometry g = geometryOf(conv, work, work.inputs[1].shape[0] / conv.groups, device.lanes());
  const int pixels = device.pixels(), alike = (g.out[2] + g.stride[2] - 1) / g.stride[2];
  g.across = (alike + pixels - 1) / pixels * g.stride[2];
  return addConv(work, conv.epilogue, g, "transposed",
                 text(" -D PIXELS=", pixels, " -D DEPTHWISE=", isDepthwise(g) ? 1 : 0), launches);
}

}  // namespace

bool isInTiles(const Work& work) {
  return static_cast<const ops::Conv&>(work.op).winograd && !storesHalves(work);
}

Result<Operand> packedWeights(const ops::Operator& op, const TensorView& w, Launches& launches) {
  const auto matrices = *op.weightMatrices(1, w.shape, w.strides);
  const auto bytes = static_cast<size_t>(kernels::packedBytes(Packing::F32x16, matrices));
  std::vector<float> packed;
  std::span<const float> panels(w.as<const float>(), bytes / sizeof(float));
  if (w.packing != Packing::F32x16) {
    packed.resize(panels.size());
    if (w.packing == Packing::F16x16)
      kernels::widen({w.as<const uint16_t>(), packed.size()}, packed.data());
    else
      kernels::pack(Packing::F32x16, w.data, matrices, std::as_writable_bytes(std::span(packed)));
    panels = packed;
  }
  const auto index = launches.addWeights(panels);
  if (!index) return passOn(index);
  return Operand{Operand::In::Constants, *index};
}

int pixelsOf(int results, const Device& device) {
  const int most = device.pixels();
  const auto computed = [&](int pixels) { return (results + pixels - 1) / pixels * pixels; };
  if (results == 1 && device.panels() > 1) return 1;
  if (results <= most / 2) return most / 2;
  return computed(most) < computed(most - 1) ? most : most - 1;
}

int panelsOf(int panels, int pixels, const Device& device) {
  const int few = device.panels();
  if (few == 1 || pixels == 1) return std::min(panels, few * few);
  const auto computed = [&](int some) { return (panels + some - 1) / some * some; };
  return std::min(panels, computed(few + 1) < computed(few) ? few + 1 : few);
}

std::span<const Row> convRows() {
  static constexpr Row kRows[] = {{ops::OpKind::Conv, "conv", "conv", supportsConv, prepareConv},
                                  {ops::OpKind::ConvTranspose, "conv-transpose", "conv",
                                   supportsWeights, prepareConvTranspose}};
  return kRows;
}

}  // namespace minnow::backend::gpu
