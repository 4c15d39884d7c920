// Convolution, one output element at a time: the order of accumulation that every other kernel must
// reproduce.
#include "ops/conv.h"

#include <cmath>

#include "kernels/kernel.h"
#include "kernels/packing.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

/// Weight (output channel, step of the flattened kernel, input channel of the group), from either
/// form.
class Weights {
 public:
  Weights(const TensorView& w, int64_t groups) : w_(w), inputs_(w.shape[1]) {
    taps_ = 1;
    for (int i = 2; i < w.shape.rank(); ++i) taps_ *= w.shape[i];
    perGroup_ = w.shape[0] / groups;
    panels_ = {groups, perGroup_, taps_ * inputs_, inputs_ == 1 && perGroup_ == 1};
  }
  float at(int64_t output, int64_t tap, int64_t channel) const {
    if (w_.panels)
      return w_.as<const float>()[panels_.offset(output / perGroup_, output % perGroup_,
                                                 tap * inputs_ + channel)];
    int64_t offset = output * w_.strides[0] + channel * w_.strides[1];
    for (int axis = w_.shape.rank() - 1; axis >= 2; --axis) {
      offset += tap % w_.shape[axis] * w_.strides[axis];
      tap /= w_.shape[axis];
    }
    return w_.as<const float>()[offset];
  }
  int64_t taps() const { return taps_; }
  int64_t inputs() const { return inputs_; }
  int64_t outputsPerGroup() const { return perGroup_; }

 private:
  const TensorView& w_;
  int64_t inputs_, taps_, perGroup_;
  PanelShape panels_;
};

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
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const Weights weights(args.inputs[1], conv.groups);
  const auto windows = ops::windowsOver(conv, x.shape);
  const TensorView* bias = args.inputs.size() > 2 && args.inputs[2] ? &args.inputs[2] : nullptr;
  forEachIndexInRows(y.shape, args.rows, [&](const auto& out) {
    const int64_t group = out[1] / weights.outputsPerGroup();
    float sum = 0.0f;
    for (int64_t tap = 0; tap < weights.taps(); ++tap) {
      const int64_t offset = tapOffset(windows, x, out, tap);
      for (int64_t c = 0; c < weights.inputs(); ++c) {
        const int64_t channel = group * weights.inputs() + c;
        const float value =
            offset < 0
                ? 0.0f
                : x.as<const float>()[out[0] * x.strides[0] + channel * x.strides[1] + offset];
        sum = std::fma(value, weights.at(out[1], tap, c), sum);
      }
    }
    y.as<float>()[offsetOf(out, y.strides, y.shape.rank())] = apply(
        conv.epilogue, sum + (bias ? bias->as<const float>()[out[1] * bias->strides[0]] : 0.0f));
  });
  return {};
}

}  // namespace minnow::kernels::reference
