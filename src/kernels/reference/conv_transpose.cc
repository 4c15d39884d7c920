// Transposed convolution, one output element at a time: the order of accumulation that every other
// kernel must reproduce.
#include "ops/conv_transpose.h"

#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/reference/scalar_math.h"
#include "kernels/reference/weights.h"

namespace minnow::kernels::reference {
namespace {

using Index = std::array<int64_t, kMaxRank>;

enum class Reach { Nowhere, Padding, Input };

/// Where a tap of an output position reads, as an element offset within one channel plane.
Reach reachOf(const std::array<ops::SlidingWindow, 3>& windows, const TensorView& x,
              const Index& out, const Index& tap, int64_t& offset) {
  Reach reach = Reach::Input;
  offset = 0;
  for (int s = 0; s < x.shape.rank() - 2; ++s) {
    const ops::SlidingWindow& window = windows[s];
    const int64_t scaled = out[s + 2] + window.padBegin - tap[s] * window.dilation;
    if (scaled % window.stride != 0) return Reach::Nowhere;
    const int64_t position = scaled / window.stride;
    if (position < 0 || position >= x.shape[s + 2]) reach = Reach::Padding;
    offset += position * x.strides[s + 2];
  }
  return reach;
}

float sumOf(const std::array<ops::SlidingWindow, 3>& windows, const TensorView& x,
            const TensorView& w, const ops::WeightMatrices& matrices, const Shape& taps,
            const Index& out) {
  float sum = 0;
  const int64_t perGroup = matrices.outputs(), channels = w.shape[0] / matrices.groups();
  const int64_t group = out[1] / perGroup;
  const WeightsOfOutput<float> weights(matrices, w, group, out[1] % perGroup);
  int64_t flatTap = -1;
  forEachIndex(taps, [&](const Index& tap) {
    ++flatTap;
    int64_t offset = 0;
    const Reach reach = reachOf(windows, x, out, tap, offset);
    if (reach == Reach::Nowhere) return;
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t channel = group * channels + c;
      const float value =
          reach == Reach::Padding
              ? 0.0f
              : x.as<const float>()[out[0] * x.strides[0] + channel * x.strides[1] + offset];
      sum = std::fma(value, weights[flatTap * channels + c], sum);
    }
  });
  return sum;
}

}  // namespace

Result<void> runConvTranspose(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::ConvTranspose&>(op);
  const TensorView& y = args.outputs[0];
  const TensorView& w = args.inputs[1];
  const auto matrices = *conv.weightMatrices(1, w.shape, w.strides);
  const auto windows = ops::windowsOver(conv, args.inputs[0].shape);
  const Shape taps(conv.kernel);
  forEachIndexInRows(y.shape, args.rows, [&](const Index& out) {
    const float sum = sumOf(windows, args.inputs[0], w, matrices, taps, out);
    y.as<float>()[offsetOf(out, y.strides, y.shape.rank())] =
        apply(conv.epilogue, sum + args.bias(2, out[1]));
  });
  return {};
}

}  // namespace minnow::kernels::reference
