// Group (and instance) normalisation, one group at a time.
#include "ops/group_normalization.h"

#include "kernels/kernel.h"
#include "kernels/reference/folding.h"

namespace minnow::kernels::reference {
namespace {

/// One channel of one image: `in` and `out` are its spatial axes.
template <class T>
void normaliseChannel(const Axes& in, const Axes& out, const T* x, T* y, T mean, T scale, T bias) {
  forEachIndex(in.shape, [&](const auto& index) {
    const int rank = in.shape.rank();
    const T centred = x[offsetOf(index, in.strides, rank)] - mean;
    y[offsetOf(index, out.strides, rank)] = std::fma(centred, scale, bias);
  });
}

template <class T>
void normaliseGroups(const ops::GroupNormalization& norm, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const TensorView &scale = args.inputs[1], &bias = args.inputs[2];
  const int64_t groups = norm.groupsOf(x.shape), channels = x.shape[1] / groups;
  TensorView one = x;
  one.shape[1] = channels;
  const Axes group = axesOf(one, ~1u, true);
  const Axes in = axesOf(x, 3, false), out = axesOf(y, 3, false);
  for (int64_t n = 0; n < x.shape[0]; ++n)
    for (int64_t g = 0; g < groups; ++g) {
      const T* first = x.as<const T>() + n * x.strides[0] + g * channels * x.strides[1];
      T* result = y.as<T>() + n * y.strides[0] + g * channels * y.strides[1];
      const Moments<T> moments = momentsOf(group, true, first);
      const T deviation = std::sqrt(moments.variance + norm.epsilon);
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t p = scale.shape[0] == x.shape[1] ? g * channels + c : g;
        normaliseChannel(in, out, first + c * x.strides[1], result + c * y.strides[1], moments.mean,
                         scale.as<const T>()[p * scale.strides[0]] / deviation,
                         bias.as<const T>()[p * bias.strides[0]]);
      }
    }
}

}  // namespace

Result<void> runGroupNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& norm = static_cast<const ops::GroupNormalization&>(op);
  const TensorView& x = args.inputs[0];
  if (x.elements() > 0) withReal(x.type, [&]<class T>(T) { normaliseGroups<T>(norm, args); });
  return {};
}

}  // namespace minnow::kernels::reference
