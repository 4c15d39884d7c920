// Batch normalisation, one element at a time.
#include "ops/batch_normalization.h"

#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {
namespace {

/// A parameter of [C] or of x's shape without N, at x's index.
float parameterAt(const TensorView& parameter, const std::array<int64_t, kMaxRank>& index) {
  int64_t offset = 0;
  for (int axis = 0; axis < parameter.shape.rank(); ++axis)
    offset += index[axis + 1] * parameter.strides[axis];
  return parameter.as<const float>()[offset];
}

}  // namespace

Result<void> runBatchNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& norm = static_cast<const ops::BatchNormalization&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const int rank = x.shape.rank();
  forEachIndex(x.shape, [&](const auto& index) {
    const float mean = parameterAt(args.inputs[3], index);
    const float deviation = std::sqrt(parameterAt(args.inputs[4], index) + norm.epsilon);
    const float scale = parameterAt(args.inputs[1], index) / deviation;
    const float centred = x.as<const float>()[offsetOf(index, x.strides, rank)] - mean;
    y.as<float>()[offsetOf(index, y.strides, rank)] =
        std::fma(centred, scale, parameterAt(args.inputs[2], index));
  });
  return {};
}

}  // namespace minnow::kernels::reference
