// Softmax and its kin, one normalised set at a time.
#include "ops/softmax.h"

#include "kernels/kernel.h"
#include "kernels/reference/folding.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

/// Writes fn(x) for every element of a set.
template <class F>
void mapSet(const Axes& in, const Axes& out, const float* x, float* y, F&& fn) {
  forEachIndex(in.shape, [&](const auto& index) {
    const int rank = in.shape.rank();
    y[offsetOf(index, out.strides, rank)] = fn(x[offsetOf(index, in.strides, rank)]);
  });
}

void normalise(ops::SoftmaxFn fn, const Axes& in, const Axes& out, bool striped, const float* x,
               float* y) {
  const float max = foldMax(in, striped, x);
  if (fn == ops::SoftmaxFn::Hardmax) {
    bool found = false;
    return mapSet(in, out, x, y, [&](float v) {
      const bool first = !found && v == max;
      found |= first;
      return first ? 1.0f : 0.0f;
    });
  }
  const float sum = foldSum<float>(in, striped, x, [&](float v) { return exp(v - max); });
  if (fn == ops::SoftmaxFn::LogSoftmax) {
    const float logOfSum = log(sum);
    return mapSet(in, out, x, y, [&](float v) { return (v - max) - logOfSum; });
  }
  const float inverse = 1.0f / sum;
  mapSet(in, out, x, y, [&](float v) { return exp(v - max) * inverse; });
}

}  // namespace

Result<void> runSoftmax(const ops::Operator& op, const KernelArgs& args) {
  const auto& softmax = static_cast<const ops::Softmax&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  if (x.elements() == 0) return {};
  const uint32_t mask = softmax.mask(x.shape.rank());
  const bool striped = isStriped(mask, x.shape.rank());
  const Axes keptIn = axesOf(x, mask, false), keptOut = axesOf(y, mask, false);
  const Axes in = axesOf(x, mask, true), out = axesOf(y, mask, true);
  forEachIndex(keptIn.shape, [&](const auto& index) {
    const int rank = keptIn.shape.rank();
    normalise(softmax.fn, in, out, striped,
              x.as<const float>() + offsetOf(index, keptIn.strides, rank),
              y.as<float>() + offsetOf(index, keptOut.strides, rank));
  });
  return {};
}

}  // namespace minnow::kernels::reference
