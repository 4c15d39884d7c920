// Rows of pixels by panels.
#include "kernels/simd/panel_run.h"

#include <cmath>

#include "kernels/simd/convert_rows.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/epilogue_rows.h"

namespace minnow::kernels::simd {

namespace {

// An epilogue's call is worth this many pixels, which the first cache still holds.
constexpr int64_t kEpiloguePixels = 16;

}  // namespace

void Panel::run(const Reduction& reduction, int64_t pixels, float* output,
                int64_t outputStep) const {
  PanelTile t = tile;
  static constexpr TapRun kNone;
  const bool any = reduction.tapCount > 0;
  t.taps = any ? reduction.taps : &kNone;
  t.tapCount = any ? reduction.tapCount : 1;
  t.run = any ? reduction.run : 0;
  t.outputStep = outputStep;
  t.output = output + firstOutput;
  if (pixels == 0) return;
  const int64_t most = t.inOrder ? tiles->maxPixelsInOrder : tiles->maxPixels;
  const int64_t count = (pixels + most - 1) / most, larger = pixels % count;
  runTiles(t, pixels / count, count - larger);
  runTiles(t, pixels / count + 1, larger);
}

void Panel::runTiles(PanelTile& t, int64_t pixels, int64_t count) const {
  if (count == 0) return;
  const int64_t most = after ? (kEpiloguePixels + pixels - 1) / pixels : count;
  for (int64_t now; count > 0; count -= now) {
    now = std::min(count, most);
    tiles->run[pixels](t, now);
    if (after) applyEpilogueRows(*after, t.output, now * pixels, t.outputStep, t.outputs);
    t.firstPixel += now * pixels;
    t.output += now * pixels * t.outputStep;
  }
}

TileEpilogue::TileEpilogue(const ops::Epilogue& epilogue) {
  const bool relu = epilogue.fn == ops::UnaryFn::Relu;
  clamp = relu || epilogue.fn == ops::UnaryFn::Clip;
  if (relu) low = 0;
  if (epilogue.fn == ops::UnaryFn::Clip) {  // a bound that is NaN is none
    if (!std::isnan(epilogue.alpha)) low = epilogue.alpha + 0.0f;
    if (!std::isnan(epilogue.beta)) high = epilogue.beta + 0.0f;
  }
  if (!clamp && epilogue.fn != ops::UnaryFn::Identity) after = epilogue;
}

PanelWeights::PanelWeights(const TensorView& packed)
    : first_(packed.data), areHalves_(packed.packing == Packing::F16x16) {}

PanelWeights PanelWeights::from(int64_t elements) const {
  PanelWeights rest = *this;
  if (areHalves_)
    rest.first_ = static_cast<const uint16_t*>(first_) + elements;
  else
    rest.first_ = static_cast<const float*>(first_) + elements;
  return rest;
}

const float* PanelWeights::read(int64_t count, float* room) const {
  if (!areHalves_) return static_cast<const float*>(first_);
  static const DenseConversion widen = denseConversion(DataType::Float16, DataType::Float32);
  widen(static_cast<const std::byte*>(first_), reinterpret_cast<std::byte*>(room), count);
  return room;
}

PanelOutputs::PanelOutputs(const PanelShape& shape, const PanelWeights& weights,
                           const TensorView& bias, const ops::Epilogue& epilogue)
    : shape_(shape),
      weights_(weights),
      bias_(bias),
      epilogue_(epilogue),
      inTiles_(epilogue_.takenBy<PanelTile>()),
      tiles_(panelTiles()) {}

Panel PanelOutputs::at(int64_t group, int64_t index, int64_t left, float* bias, float* room) const {
  const int64_t first = index * kPanel;
  const int64_t width = shape_.width(first);
  Panel panel;
  panel.group = group;
  panel.firstOutput = group * shape_.outputs + first;
  const bool pair = tiles_.pair.width && left > 1 && shape_.width(first + kPanel) == kPanel;
  panel.tiles = pair ? &tiles_.pair : &tiles_.ofWidth(width);
  if (epilogue_.after) panel.after = &*epilogue_.after;
  PanelTile& t = panel.tile;
  t.after = inTiles_;
  t.weights = weights_.from(shape_.offset(group, first, 0))
                  .read((pair ? 2 * kPanel : width) * shape_.depth, room);
  t.panelStride = kPanel * shape_.depth;
  t.outputs = std::min(shape_.outputs - first, pair ? 2 * kPanel : width);
  t.clamp = epilogue_.clamp;
  t.low = epilogue_.low;
  t.high = epilogue_.high;
  t.inOrder = coreIsInOrder();
  t.bias = bias;
  for (int64_t i = 0; i < 2 * kPanel; ++i)  // -0 becomes +0: KernelArgs::bias()
    bias[i] = bias_ && i < t.outputs
                  ? bias_.as<const float>()[(panel.firstOutput + i) * bias_.strides[0]] + 0.0f
                  : 0.0f;
  return panel;
}

}  // namespace minnow::kernels::simd
