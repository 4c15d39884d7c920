// Mean and variance normalisation, one normalised set at a time.
#include "ops/mean_variance_normalization.h"

#include "kernels/kernel.h"
#include "kernels/reference/folding.h"

namespace minnow::kernels::reference {

Result<void> runMeanVarianceNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& norm = static_cast<const ops::MeanVarianceNormalization&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  if (x.elements() == 0) return {};
  uint32_t mask = 0;
  for (int64_t axis : norm.axes) mask |= 1u << axis;
  const bool striped = isStriped(mask, x.shape.rank());
  const Axes keptIn = axesOf(x, mask, false), keptOut = axesOf(y, mask, false);
  const Axes in = axesOf(x, mask, true), out = axesOf(y, mask, true);
  forEachIndex(keptIn.shape, [&](const auto& set) {
    const float* first = x.as<const float>() + offsetOf(set, keptIn.strides, keptIn.shape.rank());
    float* result = y.as<float>() + offsetOf(set, keptOut.strides, keptIn.shape.rank());
    const Moments moments = momentsOf(in, striped, first);
    const float deviation = std::sqrt(moments.variance) + 1e-9f;
    forEachIndex(in.shape, [&](const auto& index) {
      const float centred = first[offsetOf(index, in.strides, in.shape.rank())] - moments.mean;
      result[offsetOf(index, out.strides, in.shape.rank())] = centred / deviation;
    });
  });
  return {};
}

}  // namespace minnow::kernels::reference
