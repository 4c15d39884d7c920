// Convolution, one output element at a time: the order of accumulation that every other kernel must
// reproduce.
#include "ops/conv.h"

#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/reference/scalar_math.h"
#include "kernels/reference/weights.h"
#include "kernels/reference/winograd.h"

namespace minnow::kernels::reference {
namespace {

/// Where a tap reads, as an element offset within one channel plane, or -1 on padding.
int64_t tapOffset(const std::array<ops::SlidingWindow, 3>& windows, const TensorView& x,
                  const std::array<int64_t, kMaxRank>& out, int64_t tap) {
  int64_t offset = 0;
  for (int axis = x.shape.rank() - 1; axis >= 2; --axis) {
    const ops::SlidingWindow& window = windows[axis - 2];
    const int64_t position = window.tapAt(out[axis], tap % window.kernel);
    tap /= window.kernel;
    if (position < 0 || position >= x.shape[axis]) return -1;
    offset += position * x.strides[axis];
  }
  return offset;
}

}  // namespace

Result<void> runConv(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  if (conv.winograd) return runWinograd(conv, args);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const TensorView& w = args.inputs[1];
  const auto matrices = *conv.weightMatrices(1, w.shape, w.strides);
  const int64_t perGroup = matrices.outputs(), channels = w.shape[1];
  const int64_t taps = channels > 0 ? matrices.depth() / channels : 0;
  const auto windows = ops::windowsOver(conv, x.shape);
  forEachIndexInRows(y.shape, args.rows, [&](const auto& out) {
    const int64_t group = out[1] / perGroup;
    const WeightsOfOutput<float> weights(matrices, w, group, out[1] % perGroup);
    float sum = 0.0f;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t offset = tapOffset(windows, x, out, tap);
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t channel = group * channels + c;
        const float value =
            offset < 0
                ? 0.0f
                : x.as<const float>()[out[0] * x.strides[0] + channel * x.strides[1] + offset];
        sum = std::fma(value, weights[tap * channels + c], sum);
      }
    }
    y.as<float>()[offsetOf(out, y.strides, y.shape.rank())] =
        apply(conv.epilogue, sum + args.bias(2, out[1]));
  });
  return {};
}

}  // namespace minnow::kernels::reference
