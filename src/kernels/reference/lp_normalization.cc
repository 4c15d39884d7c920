// Division by a norm, one line of elements at a time.
#include "ops/lp_normalization.h"

#include "kernels/kernel.h"
#include "kernels/reference/folding.h"

namespace minnow::kernels::reference {

Result<void> runLpNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& lp = static_cast<const ops::LpNormalization&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  if (x.elements() == 0) return {};
  const int axis = static_cast<int>(lp.axis), rank = x.shape.rank();
  const uint32_t mask = 1u << axis;
  const Axes line = axesOf(x, mask, true);
  Shape lines = x.shape;
  lines[axis] = 1;
  forEachIndex(lines, [&](const auto& index) {
    const float* in = x.as<const float>() + offsetOf(index, x.strides, rank);
    float* out = y.as<float>() + offsetOf(index, y.strides, rank);
    const bool striped = isStriped(mask, rank);
    const float norm = lp.p == 1
                           ? foldSum<float>(line, striped, in, [](float v) { return std::fabs(v); })
                           : std::sqrt(foldSquares(line, striped, in, 0.0f));
    for (int64_t i = 0; i < x.shape[axis]; ++i)
      out[i * y.strides[axis]] = norm == 0 ? 0.0f : in[i * x.strides[axis]] / norm;
  });
  return {};
}

}  // namespace minnow::kernels::reference
