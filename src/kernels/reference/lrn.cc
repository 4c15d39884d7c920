// Local response normalisation, one element at a time.
#include "ops/lrn.h"

#include <algorithm>
#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {

Result<void> runLrn(const ops::Operator& op, const KernelArgs& args) {
  const auto& lrn = static_cast<const ops::Lrn&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const int rank = x.shape.rank();
  const float weight = lrn.alpha / static_cast<float>(lrn.size);
  forEachIndex(x.shape, [&](const auto& index) {
    const float* in = x.as<const float>() + offsetOf(index, x.strides, rank);
    const int64_t first = std::max<int64_t>(0, index[1] - (lrn.size - 1) / 2);
    const int64_t last = std::min(x.shape[1] - 1, index[1] + lrn.size / 2);
    float sum = 0;
    for (int64_t c = first; c <= last; ++c) {
      const float value = in[(c - index[1]) * x.strides[1]];
      sum = std::fma(value, value, sum);
    }
    const float base = std::fma(weight, sum, lrn.bias);
    y.as<float>()[offsetOf(index, y.strides, rank)] = *in * exp(-(lrn.beta * log(base)));
  });
  return {};
}

}  // namespace minnow::kernels::reference
