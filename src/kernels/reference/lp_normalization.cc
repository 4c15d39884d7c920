// Division by a norm, one line of elements at a time.
#include "ops/lp_normalization.h"

#include "kernels/kernel.h"
#include "kernels/reference/folding.h"

namespace minnow::kernels::reference {
namespace {

template <class T>
void normaliseLines(const ops::LpNormalization& lp, const TensorView& x, const TensorView& y) {
  const int axis = static_cast<int>(lp.axis), rank = x.shape.rank();
  const uint32_t mask = 1u << axis;
  const bool striped = isStriped(mask, rank);
  const Axes line = axesOf(x, mask, true);
  Shape lines = x.shape;
  lines[axis] = 1;
  forEachIndex(lines, [&](const auto& index) {
    const T* in = x.as<const T>() + offsetOf(index, x.strides, rank);
    T* out = y.as<T>() + offsetOf(index, y.strides, rank);
    const T norm = lp.p == 1 ? foldSum(line, striped, in, [](T v, T) { return std::fabs(v); })
                             : std::sqrt(foldSquares(line, striped, in, T{0}));
    for (int64_t i = 0; i < x.shape[axis]; ++i)
      out[i * y.strides[axis]] = norm == 0 ? T{0} : in[i * x.strides[axis]] / norm;
  });
}

}  // namespace

Result<void> runLpNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& lp = static_cast<const ops::LpNormalization&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  if (x.elements() == 0) return {};
  withReal(x.type, [&]<class T>(T) { normaliseLines<T>(lp, x, y); });
  return {};
}

}  // namespace minnow::kernels::reference
