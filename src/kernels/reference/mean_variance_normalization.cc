// Mean and variance normalisation, one normalised set at a time.
#include "ops/mean_variance_normalization.h"

#include "kernels/kernel.h"
#include "kernels/reference/folding.h"

namespace minnow::kernels::reference {

namespace {

template <class T>
void normaliseSets(const TensorView& x, const TensorView& y, uint32_t mask) {
  const bool striped = isStriped(mask, x.shape.rank());
  const Axes keptIn = axesOf(x, mask, false), keptOut = axesOf(y, mask, false);
  const Axes in = axesOf(x, mask, true), out = axesOf(y, mask, true);
  forEachIndex(keptIn.shape, [&](const auto& set) {
    const T* first = x.as<const T>() + offsetOf(set, keptIn.strides, keptIn.shape.rank());
    T* result = y.as<T>() + offsetOf(set, keptOut.strides, keptIn.shape.rank());
    const Moments<T> moments = momentsOf(in, striped, first);
    const T deviation = std::sqrt(moments.variance) + 1e-9f;
    forEachIndex(in.shape, [&](const auto& index) {
      const T centred = first[offsetOf(index, in.strides, in.shape.rank())] - moments.mean;
      result[offsetOf(index, out.strides, in.shape.rank())] = centred / deviation;
    });
  });
}

}  // namespace

Result<void> runMeanVarianceNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& norm = static_cast<const ops::MeanVarianceNormalization&>(op);
  const TensorView& x = args.inputs[0];
  if (x.elements() == 0) return {};
  uint32_t mask = 0;
  for (int64_t axis : norm.axes) mask |= 1u << axis;
  withReal(x.type, [&]<class T>(T) { normaliseSets<T>(x, args.outputs[0], mask); });
  return {};
}

}  // namespace minnow::kernels::reference
