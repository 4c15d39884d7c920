// Running sums, one line of elements at a time.
#include "ops/cum_sum.h"

#include <type_traits>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {
namespace {

template <class T>
void sumLine(const ops::CumSum& op, int64_t n, const T* x, int64_t xStep, T* y, int64_t yStep) {
  using Acc = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;  // integers wrap
  Acc sum = 0;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t i = op.reverse ? n - 1 - k : k;
    const Acc before = sum;
    sum += static_cast<Acc>(x[i * xStep]);
    y[i * yStep] = static_cast<T>(op.exclusive ? before : sum);
  }
}

template <class T>
void sumLines(const ops::CumSum& op, const TensorView& x, const TensorView& y) {
  const int axis = static_cast<int>(op.axis);
  Shape lines = x.shape;
  lines[axis] = x.shape[axis] ? 1 : 0;
  forEachIndex(lines, [&](const auto& index) {
    sumLine(op, x.shape[axis], x.as<const T>() + offsetOf(index, x.strides, x.shape.rank()),
            x.strides[axis], y.as<T>() + offsetOf(index, y.strides, y.shape.rank()),
            y.strides[axis]);
  });
}

}  // namespace

Result<void> runCumSum(const ops::Operator& op, const KernelArgs& args) {
  const auto& sum = static_cast<const ops::CumSum&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  switch (x.type) {
    case DataType::Float64:
      return sumLines<double>(sum, x, y), Result<void>{};
    case DataType::Int32:
      return sumLines<int32_t>(sum, x, y), Result<void>{};
    case DataType::Int64:
      return sumLines<int64_t>(sum, x, y), Result<void>{};
    default:
      return sumLines<float>(sum, x, y), Result<void>{};
  }
}

}  // namespace minnow::kernels::reference
